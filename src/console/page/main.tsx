/** The page of the console. */
import { render } from 'preact'
import { askAbout } from './console-api.ts'
import { follow } from './live.ts'
import { Shell } from './shell.tsx'

void askAbout()
void follow()
const place = document.getElementById('page')
if (place !== null) render(<Shell />, place)
