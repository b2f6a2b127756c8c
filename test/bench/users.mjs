/** How many distinct users a pass goes through. */
export const userCount = 10_000

/** The twenty countries that workload W3 asks for. */
export const listedCountries = 'AT BE CH CZ DE DK EE ES FI FR GB IE IT LT LU LV NL NO PL SE'.split(
  ' ',
)

const otherCountries = 'BR CA IN JP US'.split(' ')
const everyCountry = [...listedCountries, ...otherCountries]

/** One version in ten is below 2.1.0; two-digit parts catch a comparison by text. */
const versions = '1.9.3 2.1.0 2.1.4 2.3.0 2.10.1 3.0.0 3.4.11 4.0.2 10.2.0 12.0.1'.split(' ')

/**
 * The plan all users are on: the one the last of W4's ten rules names.
 * The nine rules before it name `plan-0` to `plan-8`.
 */
export const lastPlan = 'plan-9'

/**
 * The user at a position, in one of four object shapes.
 *
 * Every country meets every version equally often. Strings are built anew for each user, flat and
 * not interned, as they are when they come out of a request.
 */
export function userAt(index, shape = 0) {
  const targetingKey = fresh(`user-${index}`)
  const country = fresh(everyCountry[index % everyCountry.length])
  const version = fresh(versions[Math.floor(index / everyCountry.length) % versions.length])
  const plan = fresh(lastPlan)
  switch (shape) {
    case 0:
      return { targetingKey, country, version, plan }
    case 1:
      return {
        targetingKey,
        email: fresh(`u${index}@mail.test`),
        plan,
        country,
        version,
        visits: index,
      }
    case 2:
      return { version, country, plan, age: 20 + (index % 60), targetingKey }
    default:
      return {
        targetingKey,
        os: fresh('linux'),
        device: fresh('phone'),
        plan,
        locale: fresh('en'),
        country,
        version,
      }
  }
}

/** Ten thousand users of one shape. */
export function usersOfOneShape() {
  return Array.from({ length: userCount }, (_, index) => userAt(index))
}

/** Ten thousand users; the shape changes every fourth, so that each flag of the mix meets each. */
export function usersOfFourShapes() {
  return Array.from({ length: userCount }, (_, index) => userAt(index, (index >> 2) & 3))
}

/** Whether W3's conditions hold for the user: listed country, version from 2.1.0 on. */
export function isEligible(user) {
  return listedCountries.includes(user.country) && user.version !== versions[0]
}

function fresh(text) {
  return Buffer.from(text, 'latin1').toString('latin1')
}
