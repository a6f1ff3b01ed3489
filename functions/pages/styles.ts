import { html, type SafeHtml } from './html.ts';

/**
 * The look of widget and page, all of it below `.lifeboat`, so that nothing of a dashboard changes. Every pair of text and
 * ground has a contrast of 4.5 to 1 at least (WCAG 2.1, AA); no meaning is in a colour alone.
 */
export const widgetStyles = (theme: 'light' | 'dark'): SafeHtml =>
  html`<style>.lifeboat{${theme === 'dark' ? dark() : light()}}${shared()}</style>`;

/** For a page of its own, as the reader's system has it. */
export const pageStyles = html`<style>:root{color-scheme:light dark}body{margin:0;padding:1.5rem;background:#fff}
.lifeboat{${light()}max-width:76rem;margin:0 auto}
@media(prefers-color-scheme:dark){body{background:#12171d}.lifeboat{${dark()}}}${shared()}</style>`;

function light(): SafeHtml {
  return html`--ink:#16191f;--quiet:#545b64;--line:#d5dbdb;--ground:#f2f4f4;--good:#1a6b3c;--goodground:#dff3e4;--warn:#7a4f01;--warnground:#fdf0cf;--bad:#a61b1b;--badground:#fde2e0;--link:#0550ae;`;
}

function dark(): SafeHtml {
  return html`--ink:#e6eaef;--quiet:#a5b0bd;--line:#414d5c;--ground:#232c38;--good:#7ad6a0;--goodground:#143d29;--warn:#f0c864;--warnground:#463407;--bad:#ff9c93;--badground:#56211d;--link:#8ab9ff;`;
}

function shared(): SafeHtml {
  return html`
.lifeboat{color:var(--ink);font:14px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;overflow-wrap:anywhere}
.lifeboat h1{font-size:1.35em;margin:0 0 .3em}.lifeboat h2{font-size:1.1em;margin:1.2em 0 .4em}
.lifeboat p{margin:.3em 0}.lifeboat a{color:var(--link)}
.lifeboat .verdict{font-size:1.15em;font-weight:600}
.lifeboat .good{color:var(--good)}.lifeboat .warn{color:var(--warn)}.lifeboat .bad{color:var(--bad)}.lifeboat .quiet{color:var(--quiet)}
.lifeboat .box{border:1px solid var(--line);border-left:4px solid var(--bad);background:var(--badground);padding:.5em .8em;margin:.6em 0;border-radius:4px}
.lifeboat .box.warn{border-left-color:var(--warn);background:var(--warnground);color:var(--ink)}.lifeboat .box.bad{color:var(--ink)}
.lifeboat table{border-collapse:collapse;width:100%;color:inherit}.lifeboat .wide{overflow-x:auto;overflow-wrap:normal}.lifeboat .wide tbody th{white-space:nowrap}.lifeboat .wide .why{min-width:14em;overflow-wrap:anywhere}
.lifeboat th,.lifeboat td{text-align:left;vertical-align:top;padding:.3em .6em;border-bottom:1px solid var(--line)}
.lifeboat thead th{color:var(--quiet);font-weight:600}.lifeboat tbody th{font-weight:600}
.lifeboat .number{text-align:right;white-space:nowrap}
.lifeboat dl{display:grid;grid-template-columns:max-content 1fr;gap:.15em 1em;margin:.5em 0}.lifeboat dt{color:var(--quiet)}.lifeboat dd{margin:0}
.lifeboat code,.lifeboat pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.92em}
.lifeboat pre{background:var(--ground);padding:.6em;max-height:24em;overflow:auto;white-space:pre-wrap;border-radius:4px}
.lifeboat ul,.lifeboat ol{margin:.3em 0;padding-left:1.4em}
.lifeboat .tag{display:inline-block;padding:0 .5em;border-radius:9px;white-space:nowrap;font-size:.92em}
.lifeboat .tag.good{background:var(--goodground)}.lifeboat .tag.warn{background:var(--warnground)}.lifeboat .tag.bad{background:var(--badground)}.lifeboat .tag.quiet{background:var(--ground)}
.lifeboat .row{display:flex;flex-wrap:wrap;gap:.5em;align-items:center;margin:.5em 0}
.lifeboat .nights{display:grid;grid-template-columns:repeat(7,minmax(2.6em,1fr));gap:4px;max-width:34em;list-style:none;padding:0;margin:.4em 0}
.lifeboat .nights li{min-width:0}.lifeboat .night{display:block;box-sizing:border-box;width:100%;padding:.25em .1em;border:1px solid transparent;border-radius:4px;text-align:center;font:inherit;line-height:1.25}
.lifeboat .night.good{background:var(--goodground)}.lifeboat .night.warn{background:var(--warnground)}.lifeboat .night.bad{background:var(--badground)}.lifeboat .night.quiet{background:var(--ground)}
.lifeboat button.night{cursor:pointer}.lifeboat button.night:hover{border-color:currentColor}
.lifeboat .plain{border:0;background:none;color:var(--link);font:inherit;padding:0;text-align:left;cursor:pointer;text-decoration:underline;overflow-wrap:anywhere}
.lifeboat button:focus-visible,.lifeboat input:focus-visible,.lifeboat a:focus-visible{outline:2px solid var(--link);outline-offset:1px}
.lifeboat svg.strip{vertical-align:middle}.lifeboat .strip .p{fill:var(--good)}.lifeboat .strip .w{fill:var(--warn)}.lifeboat .strip .f{fill:var(--bad)}.lifeboat .strip .n{fill:var(--line)}
.lifeboat input{font:inherit;color:inherit;background:transparent;border:1px solid var(--quiet);border-radius:4px;padding:.2em .5em;max-width:100%}
.lifeboat .unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.lifeboat cwdb-action{display:none}
@media(max-width:40em){.lifeboat dl{grid-template-columns:1fr}.lifeboat dt{margin-top:.3em}}`;
}
