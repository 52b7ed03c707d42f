{{- define "longitude.name" -}}
{{- printf "%s-%s" .Release.Name (required "region is required" .Values.region) | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "longitude.selector" -}}
app.kubernetes.io/name: longitude
app.kubernetes.io/instance: {{ .Release.Name }}
longitude/region: {{ .Values.region }}
{{- end -}}

{{- define "longitude.labels" -}}
{{ include "longitude.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "longitude.access" -}}
{{- $given := list -}}
{{- if .Values.access.credentialsSecret }}{{ $given = append $given "credentialsSecret" }}{{ end -}}
{{- if .Values.access.identitiesSecret }}{{ $given = append $given "identitiesSecret" }}{{ end -}}
{{- if .Values.access.anyCredentials }}{{ $given = append $given "anyCredentials" }}{{ end -}}
{{- if ne (len $given) 1 }}{{ fail "access: give exactly one of credentialsSecret, identitiesSecret and anyCredentials" }}{{ end -}}
{{- end -}}
