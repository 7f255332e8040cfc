/** VS Code's own proxy settings as the variables that programs know, in both spellings. */
export function settingProxies(proxy: string, exceptions: readonly string[]): Record<string, string> {
  const address = proxy.trim();
  if (!/^(https?|socks[45]?h?):\/\/[^\s/]/i.test(address)) return {};
  const names = /^http/i.test(address) ? ['HTTP_PROXY', 'HTTPS_PROXY'] : ['ALL_PROXY'];
  const variables = { ...Object.fromEntries(names.map((name) => [name, address])), ...(exceptions.length > 0 && { NO_PROXY: exceptions.join(',') }) };
  return Object.fromEntries(Object.entries(variables).flatMap(([name, value]) => [[name, value], [name.toLowerCase(), value]]));
}
