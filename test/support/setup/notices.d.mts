/** The text of THIRD-PARTY-NOTICES.txt. @throws Error when a package does not say under which licence it is. */
export function thirdPartyNotices(): string;
