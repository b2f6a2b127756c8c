import './style.css'

// The system's fonts: pages are there at once, and nothing is fetched from elsewhere.
export { default } from 'vitepress/theme-without-fonts'
