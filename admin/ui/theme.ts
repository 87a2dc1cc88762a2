/**
 * Mantine's theme for the console: one accent, system fonts, and contrast that holds in light and dark.
 *
 * Layout and our own parts are `look.css`. Invariant: every text reaches 4.5:1; Mantine's own dimmed, placeholder,
 * error and red do not, hence the variables below. A second accent was refused: colour means state here.
 */
import { type CSSVariablesResolver, createTheme } from '@mantine/core'

/** The theme. */
export const theme = createTheme({
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace',
  primaryColor: 'gate',
  primaryShade: { light: 7, dark: 6 },
  defaultRadius: 'md',
  respectReducedMotion: true,
  cursorType: 'pointer',
  focusRing: 'auto',
  colors: {
    gate: [
      '#f0f4ff',
      '#dfe8ff',
      '#c1d0ff',
      '#9db5ff',
      '#7c98f6',
      '#5b7bea',
      '#4564dc',
      '#3451c4',
      '#2c45a6',
      '#243884',
    ],
    dark: [
      '#d5d8dd',
      '#b8bdc4',
      '#959ca6',
      '#6a717a',
      '#373b41',
      '#2c3035',
      '#1d2023',
      '#17191c',
      '#131517',
      '#101214',
    ],
    red: [
      '#fff0f0',
      '#ffdfdf',
      '#ffc1c2',
      '#ff9d9f',
      '#f4777a',
      '#e5484d',
      '#cd2b31',
      '#b3212a',
      '#961a22',
      '#7a141b',
    ],
  },
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  headings: { fontWeight: '600' },
})

/** Mantine's variables where its defaults are too pale or too blue. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-text': '#1c2024',
    '--mantine-color-dimmed': '#565e68',
    '--mantine-color-placeholder': '#666e78',
    '--mantine-color-error': '#b3212a',
    '--mantine-color-anchor': '#3451c4',
    '--mantine-color-default-border': '#d3d7dd',
  },
  dark: {
    '--mantine-color-body': '#17191c',
    '--mantine-color-text': '#edeef0',
    '--mantine-color-dimmed': '#a5acb6',
    '--mantine-color-placeholder': '#969da8',
    '--mantine-color-error': '#ff9592',
    '--mantine-color-anchor': '#9db5ff',
    '--mantine-color-default': '#1d2023',
    '--mantine-color-default-hover': '#25282c',
    '--mantine-color-default-border': '#373b41',
    // Buttons without a ground: what they do has its colour in the dark too.
    '--mantine-color-red-light-color': '#ff9592',
    '--mantine-color-gate-light-color': '#b3c5ff',
  },
})
