declare module 'murmurhash' {
  interface MurmurHash {
    /** MurmurHash3 x86 32-bit of a string as UTF-8, or of bytes: an unsigned 32-bit integer. */
    v3(key: string | Uint8Array, seed: number): number
  }
  const murmurhash: MurmurHash
  export default murmurhash
}
