/**
 * Shared code of the pages that mails link to. A page shows one of its cards at a time, in the reader's language. A form
 * sends one request at a time and shows each error at its field.
 */
import { preferredLanguage, WORDS } from './words.js'

const TOKEN = /^[\w-]{43}$/

/** The language of the page. */
export const language = preferredLanguage(navigator.languages)
const words = WORDS[language]

/**
 * Returns the token in the fragment of the link; null if it is missing or incomplete. It is removed from the address bar
 * and the history, so that nobody finds it there later. A reader who reloads the page must open the link again.
 */
export function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (location.hash !== '') history.replaceState(null, '', location.pathname)
  // Another link opened in this tab changes only the fragment, and a browser does not reload the page for that.
  addEventListener('hashchange', () => location.reload())
  return TOKEN.test(token ?? '') ? token : null
}

/** Fills the page with text and shows its first card. */
export function open(id) {
  document.documentElement.lang = language
  for (const element of document.querySelectorAll('[data-words]')) setText(element, element.dataset.words)
  for (const button of document.querySelectorAll('[data-to]')) {
    button.addEventListener('click', () => show(button.dataset.to))
  }
  for (const button of document.querySelectorAll('.reveal')) {
    conceal(button)
    button.addEventListener('click', () => (inputOf(button).type === 'password' ? reveal : conceal)(button))
  }
  document.querySelector('.late').remove()
  display(id)
}

/** Shows another card and focuses its heading, so that a screen reader reads it. */
export function show(id) {
  display(id).querySelector('h1').focus()
}

/** Sets an element's text to the words `name` in the reader's language. */
export function setText(element, name) {
  element.textContent = words[name]
}

export const card = (id) => document.getElementById(id)

function display(id) {
  for (const section of document.querySelectorAll('main > section')) section.hidden = section.id !== id
  const shown = card(id)
  document.title = `${shown.querySelector('h1').textContent} · Tombola`
  return shown
}

// ——— Showing and hiding passwords ———

const inputOf = (button) => document.getElementById(button.getAttribute('aria-controls'))

function reveal(button) {
  setReveal(button, 'text', 'conceal', 'concealPassword')
}

function conceal(button) {
  setReveal(button, 'password', 'reveal', 'revealPassword')
}

function setReveal(button, type, text, label) {
  inputOf(button).type = type
  setText(button, text)
  button.setAttribute('aria-label', words[label])
}

// ——— Forms ———

/**
 * Runs `act` with the values of the form of card `id`, one submission at a time. Each of `checks` returns the name of a
 * message if its field is wrong. `act` returns nothing if it has shown another card, else an error
 * `{ name, field?, again? }`: a message, its field if it has one, and whether the user may try again.
 */
export function onSubmit(id, checks, act) {
  const form = card(id).querySelector('form')
  let isBusy = false
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (isBusy) return
    const values = Object.fromEntries(new FormData(form))
    const errors = Object.entries(checks)
      .map(([field, check]) => ({ field, name: check(values[field], form.elements[field]) }))
      .filter(({ name }) => name !== undefined)
    showErrors(form, errors)
    if (errors.length > 0) return
    isBusy = true
    showBusy(form)
    // Browsers save a revealed password in their form history, and password managers ignore it.
    for (const button of form.querySelectorAll('.reveal')) conceal(button)
    const error = await act(values)
    isBusy = false
    showResult(form, error)
  })
  for (const field of Object.keys(checks)) {
    form.elements[field].addEventListener('input', () => markField(form, field, undefined))
  }
}

function showBusy(form) {
  const button = form.querySelector('.go')
  // `disabled` would take the focus away from the button that was just pressed.
  button.setAttribute('aria-disabled', 'true')
  setText(button, button.dataset.busy)
  setText(card('progress'), button.dataset.busy)
}

function showResult(form, error) {
  const button = form.querySelector('.go')
  button.removeAttribute('aria-disabled')
  card('progress').textContent = ''
  setText(button, error?.again ? 'again' : button.dataset.words)
  if (error) showErrors(form, [error])
  else form.reset()
}

function showErrors(form, errors) {
  const general = errors.find(({ field }) => field === undefined)
  form.querySelector('.failure').textContent = general ? words[general.name] : ''
  for (const element of form.querySelectorAll('.error')) {
    const field = element.id.replace('-error', '')
    markField(form, field, errors.find((each) => each.field === field)?.name)
  }
  // The error is part of the field's description, so a screen reader reads it when the field gets the focus.
  form.querySelector('[aria-invalid]')?.focus()
}

function markField(form, field, name) {
  const input = form.elements[field]
  document.getElementById(`${field}-error`).textContent = name === undefined ? '' : words[name]
  if (name === undefined) input.removeAttribute('aria-invalid')
  else input.setAttribute('aria-invalid', 'true')
}

/** Checks of fields that more than one form has. */
export const emailFault = (_, input) => (input.validity.valid ? undefined : 'emailWrong')
export const passwordFault = (value) => (value === '' ? 'passwordMissing' : undefined)
