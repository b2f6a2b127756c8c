import theme from 'vitepress/theme-without-fonts'
// After the theme's own, which it changes.
import './style.css'

// The system's fonts: pages are there at once, and nothing is fetched from elsewhere.
export default theme
