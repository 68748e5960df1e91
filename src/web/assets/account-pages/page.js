/**
 * What the pages behind a mail's links have in common: one card of several is seen at a time, its words are in the
 * reader's language, its form asks once at a time, and says what is wrong where it is wrong.
 */
import { languageFor, WORDS } from './words.js'

const TOKEN = /^[\w-]{43}$/

const language = languageFor(navigator.languages)
const words = WORDS[language]

/**
 * The token that stands behind the `#` of the link; null where none does, or not a whole one. It leaves the address
 * bar and the history at once, so that nobody finds it there later; whoever loads the page again opens the link again.
 */
export function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (location.hash !== '') history.replaceState(null, '', location.pathname)
  // Another link opened in this tab changes nothing but the fragment, and a browser does not load the page for that.
  addEventListener('hashchange', () => location.reload())
  return TOKEN.test(token ?? '') ? token : null
}

/** Puts words into all of the page, and shows its first card. */
export function open(id) {
  document.documentElement.lang = language
  for (const element of document.querySelectorAll('[data-words]')) say(element, element.dataset.words)
  for (const button of document.querySelectorAll('[data-to]')) {
    button.addEventListener('click', () => show(button.dataset.to))
  }
  for (const button of document.querySelectorAll('.reveal')) {
    conceal(button)
    button.addEventListener('click', () => (inputOf(button).type === 'password' ? reveal : conceal)(button))
  }
  document.querySelector('.late').remove()
  put(id)
}

/** Shows another card, and tells whoever cannot see it that there is one. */
export function show(id) {
  put(id).querySelector('h1').focus()
}

/** What `name` says, in the reader's language. */
export function say(element, name) {
  element.textContent = words[name]
}

export const card = (id) => document.getElementById(id)

function put(id) {
  for (const section of document.querySelectorAll('main > section')) section.hidden = section.id !== id
  const shown = card(id)
  document.title = `${shown.querySelector('h1').textContent} · Tombola`
  return shown
}

// ——— Passwords that can be read ———

const inputOf = (button) => document.getElementById(button.getAttribute('aria-controls'))

function reveal(button) {
  turn(button, 'text', 'conceal', 'concealPassword')
}

function conceal(button) {
  turn(button, 'password', 'reveal', 'revealPassword')
}

function turn(button, type, text, label) {
  inputOf(button).type = type
  say(button, text)
  button.setAttribute('aria-label', words[label])
}

// ——— Forms ———

/**
 * Runs `act` with what is in the form of card `id`, one at a time. `checks` gives for each field the name of what is
 * wrong with its value, if anything. `act` answers nothing where it has shown another card, else what is wrong:
 * `{ name, field?, again? }`: in words, at a field or with all of it, and whether the same may be asked again.
 */
export function onSubmit(id, checks, act) {
  const form = card(id).querySelector('form')
  let isBusy = false
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (isBusy) return
    const values = Object.fromEntries(new FormData(form))
    const complaints = Object.entries(checks)
      .map(([field, check]) => ({ field, name: check(values[field], form.elements[field]) }))
      .filter(({ name }) => name !== undefined)
    complain(form, complaints)
    if (complaints.length > 0) return
    isBusy = true
    begin(form)
    // A password in plain sight is one that browsers keep among what was typed, and password managers do not see.
    for (const button of form.querySelectorAll('.reveal')) conceal(button)
    const wrong = await act(values)
    isBusy = false
    finish(form, wrong)
  })
  for (const field of Object.keys(checks)) {
    form.elements[field].addEventListener('input', () => mark(form, field, undefined))
  }
}

function begin(form) {
  const button = form.querySelector('.go')
  // Not `disabled`: that would take the focus away from whoever has just pressed it.
  button.setAttribute('aria-disabled', 'true')
  say(button, button.dataset.busy)
  say(card('said'), button.dataset.busy)
}

function finish(form, wrong) {
  const button = form.querySelector('.go')
  button.removeAttribute('aria-disabled')
  card('said').textContent = ''
  say(button, wrong?.again ? 'again' : button.dataset.words)
  if (wrong) complain(form, [wrong])
  else form.reset()
}

function complain(form, complaints) {
  const general = complaints.find(({ field }) => field === undefined)
  form.querySelector('.failure').textContent = general ? words[general.name] : ''
  for (const error of form.querySelectorAll('.error')) {
    const field = error.id.replace('-error', '')
    mark(form, field, complaints.find((each) => each.field === field)?.name)
  }
  // What is wrong is part of the field's description: who lands on the field hears it.
  form.querySelector('[aria-invalid]')?.focus()
}

function mark(form, field, name) {
  const input = form.elements[field]
  document.getElementById(`${field}-error`).textContent = name === undefined ? '' : words[name]
  if (name === undefined) input.removeAttribute('aria-invalid')
  else input.setAttribute('aria-invalid', 'true')
}

/** What is wrong with fields that more than one form has. */
export const emailFault = (_, input) => (input.validity.valid ? undefined : 'emailWrong')
export const passwordFault = (value) => (value === '' ? 'passwordMissing' : undefined)
