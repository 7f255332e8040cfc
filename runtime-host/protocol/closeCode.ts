/** WebSocket close codes that we use (RFC 6455, section 7.4.1). */
export const CloseCode = { normal: 1000, goingAway: 1001, unsupportedData: 1003, invalidData: 1007, policyViolation: 1008 } as const;
