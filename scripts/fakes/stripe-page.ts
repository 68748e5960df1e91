/** The pages of Stripe's outside: the payer's checkout, the set-up of an account, and a dashboard. */

export interface Button {
  /** The body that is posted to `/dashboard/do`. */
  does: Record<string, unknown>
  label: string
}

export interface Entry {
  title: string
  text: string
  buttons: Button[]
}

export interface Section {
  title: string
  entries: Entry[]
}

const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escaped = (text: string): string => text.replace(/[&<>"']/g, (letter) => ESCAPES[letter]!)

const button = ({ does, label }: Button): string =>
  `<button type="button" data-does="${escaped(JSON.stringify(does))}">${escaped(label)}</button>`

const entry = ({ title, text, buttons }: Entry): string =>
  `<li><strong>${escaped(title)}</strong><span>${escaped(text)}</span><p class="buttons">${buttons.map(button).join('')}</p></li>`

const section = ({ title, entries }: Section): string =>
  `<section><h2>${escaped(title)}</h2>${entries.length === 0 ? '<p>None.</p>' : `<ul>${entries.map(entry).join('')}</ul>`}</section>`

/** `base`: where the fake is served. A button's answer may say where to go next. */
export const stripePage = (base: string, title: string, sections: Section[]): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>${escaped(title)}</h1><p>Play money. <a href="${base}/dashboard">Dashboard</a></p><p id="said" role="status"></p></header>
<main>${sections.map(section).join('')}</main>
<script>
for (const button of document.querySelectorAll('[data-does]')) {
  button.addEventListener('click', async () => {
    const answer = await fetch('${base}/dashboard/do', {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: button.dataset.does,
    })
    const { next, error } = await answer.json()
    if (error) document.getElementById('said').textContent = error
    else if (next) location.href = next
    else location.reload()
  })
}
</script>
</body>
</html>`

const STYLE = `
:root { --table: #f5f5fa; --card: #fff; --ink: #1a1a2b; --faint: #5b5b70; --line: #dadaea; --accent: #4b45c6; --accent-ink: #fff; }
@media (prefers-color-scheme: dark) { :root { --table: #12121a; --card: #1c1c28; --ink: #ececf5; --faint: #a3a3b8; --line: #32324a; --accent: #a5a1ff; --accent-ink: #14123a; } }
* { box-sizing: border-box; margin: 0; }
body { max-width: 44rem; margin: auto; padding: 1rem; background: var(--table); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
a { color: var(--accent); }
header p, li span { color: var(--faint); }
h2 { margin: 1.5rem 0 0.5rem; font-size: 1.1rem; }
ul { padding: 0; list-style: none; display: grid; gap: 0.6rem; }
li { padding: 0.8rem 1rem; border: 1px solid var(--line); border-radius: 12px; background: var(--card); overflow-wrap: anywhere; }
li strong { display: block; }
.buttons { display: flex; flex-wrap: wrap; gap: 0.4rem; margin-top: 0.6rem; }
button { min-height: 2.75rem; padding: 0 1rem; border: 1px solid var(--line); border-radius: 999px; background: var(--card); color: var(--ink); font: inherit; cursor: pointer; }
button:first-child { border-color: var(--accent); background: var(--accent); color: var(--accent-ink); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`
