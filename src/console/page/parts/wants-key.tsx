/** Where the page has no key. */
import { signedIn } from '../console-api.ts'

export function WantsKey() {
  return (
    <p class="empty">
      {signedIn.value === undefined ? 'asking the console …' : 'This page wants the key: sign in above.'}
    </p>
  )
}
