/**
 * Where the console starts in the browser: nonce, theme, answers kept, addresses.
 *
 * It draws nothing of its own. Invariant: the nonce of this one page is set before the first style is made, by
 * Mantine or by the scroll lock of its dialogs; otherwise the Content-Security-Policy drops those styles.
 */
import '@mantine/core/styles.layer.css'
import '@mantine/notifications/styles.layer.css'
import './look.css'
import './look-shell.css'
import './look-content.css'
import './look-settings.css'
import './look-people.css'
import './look-roles.css'
import './look-hours.css'
import './look-operations.css'
import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { setNonce } from 'get-nonce'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { queryClient } from './query-client.ts'
import { router } from './router.tsx'
import { cssVariables, theme } from './theme.ts'

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? ''
setNonce(nonce)

const place = document.getElementById('root')
if (place === null) throw new Error('index.html has no place for the page')

createRoot(place).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      getStyleNonce={() => nonce}
      defaultColorScheme="auto"
    >
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
        {/* Below the dialogs (200): a message waits beside one and never stands on its buttons. */}
        <Notifications position="bottom-left" limit={3} zIndex={190} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
