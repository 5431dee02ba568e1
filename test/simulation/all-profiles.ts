/** Every profile under which any case is simulated. */
import { type Profile, profiles } from './profile.ts'
import { weatherProfiles } from './weather-profiles.ts'

export const allProfiles: readonly Profile[] = [...profiles, ...weatherProfiles]
