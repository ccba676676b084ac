/** Names of Debian packages, by the same rule that the provisioner applies. */

const NAME = /^[a-z0-9][a-z0-9+.-]{0,63}$/;

export function isPackageName(text: string): boolean {
  return NAME.test(text);
}

/** The good names without repeats, and the first that is none. */
export function sortPackages(entered: readonly string[]): { good: string[]; bad: string | null } {
  const names = entered.map((name) => name.trim()).filter((name) => name !== "");
  return {
    good: [...new Set(names.filter(isPackageName))],
    bad: names.find((name) => !isPackageName(name)) ?? null,
  };
}
