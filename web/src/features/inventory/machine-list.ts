/** Lists of machines as files: how they are read, and how large they may be. */

/** What the inventory takes, in bytes; a list of a thousand machines with keys fits. */
export const LARGEST_LIST = 500_000;

export function formatOf(fileName: string): "csv" | "yaml" {
  return /\.ya?ml$/i.test(fileName) ? "yaml" : "csv";
}
