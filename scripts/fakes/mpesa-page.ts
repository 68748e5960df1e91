/** The page of M-Pesa's outside: prompts as they come to phones, and buttons for what can go wrong. */

export interface Choices {
  ANSWERS: readonly string[]
  CALLBACKS: readonly string[]
  OPERATIONS: readonly string[]
  FAULTS: readonly string[]
  TRANSFERS: readonly string[]
}

const LABELS: Record<string, string> = {
  pay: 'Enter PIN',
  cancel: 'Cancel',
  'wrong-pin': 'Wrong PIN',
  'no-funds': 'No money',
  ignore: 'Ignore',
  once: 'comes once',
  twice: 'comes twice',
  late: 'comes two minutes late',
  never: 'never comes',
  unordered: 'comes before an older failure',
  forged: 'is forged: nobody pays',
  'wrong-amount': 'has a wrong amount',
  'wrong-phone': 'has a wrong phone',
}

const options = (values: readonly string[]): string =>
  values.map((value) => `<option value="${value}">${LABELS[value] ?? value}</option>`).join('')

export const phonePage = (choices: Choices): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>M-Pesa, faked</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>M-Pesa, faked</h1><p>Play money. Each prompt is on a buyer’s phone. <span id="till"></span></p></header>
<main>
<section aria-labelledby="prompts-title"><h2 id="prompts-title">Prompts</h2>
<label class="row">The callback <select id="callback">${options(choices.CALLBACKS)}</select></label>
<ul id="prompts" aria-live="polite"></ul></section>
<section aria-labelledby="transfers-title"><h2 id="transfers-title">Refunds and payouts</h2>
<label class="row">From now on they are <select id="become">${options(choices.TRANSFERS)}</select></label>
<ul id="transfers"></ul></section>
<section aria-labelledby="wrong-title"><h2 id="wrong-title">Make the next request go wrong</h2>
<form id="wrong" class="row"><label>Request <select name="operation">${options(choices.OPERATIONS)}</select></label>
<label>Fault <select name="fault">${options(choices.FAULTS)}</select></label><button>Add</button></form>
<p id="faults"></p></section>
<section aria-labelledby="log-title"><h2 id="log-title">What happened</h2><ol id="log"></ol></section>
</main>
<template id="prompt"><li><strong></strong><span></span><p class="buttons">${choices.ANSWERS.map(
  (answer) => `<button type="button" value="${answer}">${LABELS[answer]}</button>`,
).join('')}</p></li></template>
<script>${SCRIPT}</script>
</body>
</html>`

const STYLE = `
:root { --table: #f4f7f4; --card: #fff; --ink: #16211a; --faint: #55645a; --line: #d5dfd7; --accent: #1f7a3a; --accent-ink: #fff; }
@media (prefers-color-scheme: dark) { :root { --table: #101512; --card: #19211c; --ink: #e8f0ea; --faint: #9db0a3; --line: #2e3a32; --accent: #6cd18a; --accent-ink: #06210f; } }
* { box-sizing: border-box; margin: 0; }
body { max-width: 44rem; margin: auto; padding: 1rem; background: var(--table); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
header p, li span, #log, #faults { color: var(--faint); }
h2 { margin: 1.5rem 0 0.5rem; font-size: 1.1rem; }
ul, ol { padding: 0; list-style: none; display: grid; gap: 0.6rem; }
#prompts li, #transfers li { padding: 0.8rem 1rem; border: 1px solid var(--line); border-radius: 12px; background: var(--card); overflow-wrap: anywhere; }
li strong { display: block; }
.row { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center; margin-bottom: 0.6rem; }
.buttons { display: flex; flex-wrap: wrap; gap: 0.4rem; margin-top: 0.6rem; }
button, select { min-height: 2.75rem; padding: 0 0.9rem; border: 1px solid var(--line); border-radius: 999px; background: var(--card); color: var(--ink); font: inherit; }
button[value="pay"] { border-color: var(--accent); background: var(--accent); color: var(--accent-ink); font-weight: 650; }
button:hover { border-color: var(--ink); cursor: pointer; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
#log { font: 0.8rem/1.5 ui-monospace, monospace; gap: 0.1rem; }
`

const SCRIPT = `
const at = (id) => document.getElementById(id)
const post = (path, body) => fetch('phone/' + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }).then(show)
const stateOf = (each) => each.code === null ? 'waits for an answer' : each.code === 0 ? (each.reversed ? 'paid and reversed' : 'paid') : 'ended with ' + each.code
let drawn = ''
async function show() {
  const state = await (await fetch('phone/state')).json()
  at('till').textContent = 'The short code has KES ' + state.till.toLocaleString() + '.'
  at('become').value = state.becomesOfTransfers
  at('faults').textContent = state.faults.map(({ operation, fault }) => operation + ': ' + fault).join(', ')
  at('log').replaceChildren(...state.log.map((text) => Object.assign(document.createElement('li'), { textContent: text })))
  const now = JSON.stringify([state.prompts, state.transfers])
  if (now === drawn) return
  drawn = now
  at('prompts').replaceChildren(...state.prompts.map((prompt) => {
    const item = at('prompt').content.cloneNode(true).firstElementChild
    item.querySelector('strong').textContent = '+' + prompt.phone + ': pay KES ' + prompt.amount.toLocaleString()
    item.querySelector('span').textContent = 'Account ' + prompt.accountReference + ', ' + stateOf(prompt) + (prompt.receipt ? ', receipt ' + prompt.receipt : '')
    item.addEventListener('click', ({ target }) => target.matches('button') && post('answer', { id: prompt.CheckoutRequestID, answer: target.value, callback: at('callback').value }))
    if (prompt.code === 0) item.querySelector('.buttons').remove()
    return item
  }))
  at('transfers').replaceChildren(...state.transfers.map((transfer) => {
    const item = document.createElement('li')
    const strong = document.createElement('strong')
    strong.textContent = 'KES ' + transfer.amount.toLocaleString() + ' to +' + transfer.phone
    const span = document.createElement('span')
    span.textContent = transfer.kind + ', ' + stateOf(transfer)
    item.append(strong, span)
    return item
  }))
}
at('become').addEventListener('change', ({ target }) => post('transfers', { become: target.value }))
at('wrong').addEventListener('submit', (event) => { event.preventDefault(); post('misbehave', Object.fromEntries(new FormData(event.target))) })
show()
setInterval(show, 1500)
`
