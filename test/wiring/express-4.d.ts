/** Express 4 under a name of its own, with the types of 5: what is used here is the same in both. */
declare module 'express-4' {
  import express from 'express'

  export default express
}
