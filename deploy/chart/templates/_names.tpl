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

{{- /* Whether the region has several nodes: then each pod is one of them, under its number. */ -}}
{{- define "longitude.several" -}}
{{- $nodes := int .Values.nodes -}}
{{- if not (has $nodes (list 1 3)) }}{{ fail "nodes: 1 or 3" }}{{ end -}}
{{- if not (has .Values.zones (list "required" "preferred")) }}{{ fail "zones: required or preferred" }}{{ end -}}
{{- if eq $nodes 3 }}true{{ end -}}
{{- end -}}

{{- /* Of the quorum server of a region of several nodes among those of the other regions: a pod of its own, which is no node. */ -}}
{{- define "longitude.groupSelector" -}}
app.kubernetes.io/name: longitude-quorum
app.kubernetes.io/instance: {{ .Release.Name }}
longitude/region: {{ .Values.region }}
{{- end -}}

{{- define "longitude.groupLabels" -}}
{{ include "longitude.groupSelector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- /* Each node on a machine of its own, and in a zone of its own; `affinity` is laid over it. */ -}}
{{- define "longitude.affinity" -}}
{{- $affinity := dict -}}
{{- if include "longitude.several" . -}}
{{- $own := dict "labelSelector" (dict "matchLabels" (include "longitude.selector" . | fromYaml)) -}}
{{- $machine := merge (dict "topologyKey" "kubernetes.io/hostname") $own -}}
{{- $zone := merge (dict "topologyKey" "topology.kubernetes.io/zone") $own -}}
{{- if eq .Values.zones "required" -}}
{{- $affinity = dict "podAntiAffinity" (dict "requiredDuringSchedulingIgnoredDuringExecution" (list $machine $zone)) -}}
{{- else -}}
{{- $preferred := list (dict "weight" 100 "podAffinityTerm" $zone) -}}
{{- $affinity = dict "podAntiAffinity" (dict "requiredDuringSchedulingIgnoredDuringExecution" (list $machine) "preferredDuringSchedulingIgnoredDuringExecution" $preferred) -}}
{{- end -}}
{{- end -}}
{{- $all := mergeOverwrite $affinity .Values.affinity -}}
{{- if $all }}{{ toYaml $all }}{{ end -}}
{{- end -}}
