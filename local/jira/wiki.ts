/** Wiki markup as JIRA's renderer reads it, for a terminal: emphasis, monospace and links resolved, entities last. */
export const renderWiki = (markup: string): string =>
  markup
    .replaceAll(/^\* /gm, '• ')
    .replaceAll(/\{\{([^{}\n]*)\}\}/g, '$1')
    .replaceAll(/\[~([^\]\n]+)\]/g, '@$1')
    .replaceAll(/\[([^|\]\n]+)\|([^\]\n]+)\]/g, '$1 ($2)')
    .replaceAll(/(?<![\w*])\*(\S(?:[^*\n]*\S)?)\*(?![\w*])/g, '$1')
    .replaceAll(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
