/**
 * The text of the pages that mails link to, in every language. The pages also contain the English text, so that their
 * HTML is readable; a test keeps the two equal.
 */

export const WORDS = {
  en: {
    confirmTitle: 'Confirm your address',
    confirmText: 'Press the button to confirm that this address is yours.',
    confirm: 'Confirm my address',
    confirming: 'Confirming …',
    confirmNotYou: 'If you did not register, close this page. Nothing will happen.',
    confirmedTitle: 'Your address is confirmed',
    confirmedText: 'Thank you! There is nothing more to do. You can close this page.',
    alreadyTitle: 'Your address is already confirmed',
    alreadyText: 'There is nothing more to do. You can close this page.',
    usedTitle: 'This link no longer works',
    usedConfirmText:
      'It works once, for three days. If you have already confirmed your address, you are done. If not, get a new link.',
    brokenTitle: 'Open the link from your mail',
    brokenText:
      'This page needs the whole link that we sent you. Open it again from the mail. If you copy it, copy all of it.',
    toRenew: 'Get a new link',
    renewTitle: 'Get a new link',
    renewText: 'Log in, so that we know where to send it.',
    wrongLogin: 'The e-mail address or the password is wrong.',
    forgot: 'Forgot your password?',
    sentTitle: 'Check your mail',
    sentConfirmText:
      'A new link is on its way. It takes a minute or two, and works for three days. If you do not see it, check your spam folder.',

    chooseTitle: 'Choose a new password',
    newPassword: 'New password',
    passwordHint: '12 to 128 characters. A few words in a row are easy to remember.',
    passwordTooShort: 'Too short: it needs at least 12 characters.',
    passwordTooLong: 'Too long: it may have at most 128 characters.',
    passwordIsEmail: 'Choose another password: your e-mail address is too easy to guess.',
    passwordCommon: 'Too easy to guess: it is close to a common password.',
    passwordRepeats: 'Too easy to guess: it repeats itself.',
    passwordSequence: 'Too easy to guess: it is a sequence or a row of keys.',
    passwordOwn: 'Too easy to guess: it is close to your name, your e-mail address or the name of this site.',
    passwordDates: 'Too easy to guess: it is made of dates.',
    passwordWeak: 'Too easy to guess: add a few words.',
    set: 'Set the new password',
    setting: 'Saving …',
    chooseAside: 'This signs you out on every device.',
    changedTitle: 'Your new password is set',
    changedText: 'You are signed out on every device. Log in again with the new password.',
    usedResetText:
      'It works once, for an hour. If you have just set a password with it, use that password. If not, get a new link.',
    forgotTitle: 'Set a new password',
    forgotText:
      'Enter the e-mail address of your account, and we will send you a link. If you already have the mail, open its link again.',
    sentResetText: 'If there is an account with this address, a link is on its way to it:',
    sentResetAside:
      'It takes a minute or two, and works for an hour. If you do not see it, check your spam folder.',
    otherAddress: 'Use another address',

    inviteTitle: 'You are invited',
    inviteText:
      'Sign in with the e-mail address that got the mail. Then you belong to the organisation that invites you.',
    accept: 'Sign in and accept',
    accepting: 'Accepting …',
    toRegister: 'I have no account yet',
    inviteNotYou: 'If you do not want this, close this page. Nothing will happen.',
    inviteOther: 'This invitation is for another e-mail address. Use the one that got the mail.',
    inviteFull: 'You belong to 50 organisations, which is the most. Leave one first.',
    inviteTickets:
      'You hold tickets of a raffle that members of this organisation may not enter. Accept once it is drawn and you have your prize, if you won one. If this link has expired by then, ask for another invitation.',
    registerTitle: 'Make your account',
    registerText: 'Use the e-mail address that got the mail.',
    yourName: 'Your name',
    nameWrong: 'Enter your name, with at most 100 characters.',
    registerAndAccept: 'Register and accept',
    toSignIn: 'I have an account',
    registerFailed:
      'We could not sign you in. If you have an account already, sign in with its password or set a new one.',
    joinedTitle: 'You are a member',
    joinedText: 'You now belong to this organisation:',
    joinedAside: 'You can close this page.',
    usedInviteText:
      'It works once, for seven days. If you have accepted the invitation, you are done. If not, ask the organisation to invite you again.',

    email: 'E-mail address',
    emailWrong: 'Enter a complete e-mail address, such as amina@example.com.',
    password: 'Password',
    passwordMissing: 'Enter your password.',
    reveal: 'Show',
    conceal: 'Hide',
    revealPassword: 'Show password',
    concealPassword: 'Hide password',
    sendLink: 'Send me a link',
    sending: 'Sending …',
    again: 'Try again',
    offline: 'We could not reach Tombola. Check your connection, then try again.',
    tooMany: 'Too many tries. Wait a minute, then try again.',
    broke: 'Something went wrong on our side. Try again in a moment.',
  },
  es: {
    confirmTitle: 'Confirma tu dirección',
    confirmText: 'Pulsa una vez y sabremos que esta dirección es tuya.',
    confirm: 'Confirmar mi dirección',
    confirming: 'Confirmando …',
    confirmNotYou: '¿No te has registrado? Entonces cierra esta página y no pasará nada.',
    confirmedTitle: 'Tu dirección está confirmada',
    confirmedText: '¡Gracias! No hay nada más que hacer. Puedes cerrar esta página.',
    alreadyTitle: 'Tu dirección ya estaba confirmada',
    alreadyText: 'No hay nada más que hacer. Puedes cerrar esta página.',
    usedTitle: 'Este enlace ya no sirve',
    usedConfirmText:
      'Sirve una sola vez, durante tres días. Si ya confirmaste tu dirección, todo está bien. Si no, pide un enlace nuevo.',
    brokenTitle: 'Abre el enlace de tu correo',
    brokenText:
      'Esta página necesita el enlace entero que te enviamos. Ábrelo otra vez desde el correo; si lo copias, cópialo hasta el final.',
    toRenew: 'Pedir un enlace nuevo',
    renewTitle: 'Pide un enlace nuevo',
    renewText: 'Para saber adónde enviarlo, inicia sesión esta vez.',
    wrongLogin: 'La dirección de correo o la contraseña no es correcta.',
    forgot: '¿Olvidaste tu contraseña?',
    sentTitle: 'Mira tu correo',
    sentConfirmText:
      'Un enlace nuevo va en camino. Tarda uno o dos minutos y sirve durante tres días. Si no lo ves, búscalo entre el correo no deseado.',

    chooseTitle: 'Elige una contraseña nueva',
    newPassword: 'Contraseña nueva',
    passwordHint: 'De 12 a 128 caracteres. Unas cuantas palabras seguidas se recuerdan bien.',
    passwordTooShort: 'Demasiado corta: necesita al menos 12 caracteres.',
    passwordTooLong: 'Demasiado larga: puede tener como mucho 128 caracteres.',
    passwordIsEmail: 'Elige otra: tu dirección de correo es lo primero que se probaría.',
    passwordCommon: 'Demasiado fácil de adivinar: se parece a una contraseña muy usada.',
    passwordRepeats: 'Demasiado fácil de adivinar: se repite.',
    passwordSequence: 'Demasiado fácil de adivinar: es una secuencia o una fila de teclas.',
    passwordOwn:
      'Demasiado fácil de adivinar: se parece a tu nombre, a tu dirección de correo o al nombre de este sitio.',
    passwordDates: 'Demasiado fácil de adivinar: está hecha de fechas.',
    passwordWeak: 'Demasiado fácil de adivinar: añade unas cuantas palabras.',
    set: 'Guardar la contraseña nueva',
    setting: 'Guardando …',
    chooseAside: 'Se cerrará tu sesión en todos los dispositivos.',
    changedTitle: 'Tu contraseña nueva está guardada',
    changedText:
      'Se cerró tu sesión en todos los dispositivos. Inicia sesión de nuevo con la contraseña nueva.',
    usedResetText:
      'Sirve una sola vez, durante una hora. Si acabas de elegir una contraseña con él, esa es la que vale. Si no, pide un enlace nuevo.',
    forgotTitle: 'Cambia tu contraseña',
    forgotText:
      'Escribe la dirección de correo de tu cuenta y te enviaremos un enlace. Si ya tienes el correo, abre su enlace otra vez.',
    sentResetText: 'Si alguien tiene una cuenta con esta dirección, un enlace va en camino:',
    sentResetAside:
      'Tarda uno o dos minutos y sirve durante una hora. Si no lo ves, búscalo entre el correo no deseado.',
    otherAddress: 'Usar otra dirección',

    inviteTitle: 'Tienes una invitación',
    inviteText:
      'Inicia sesión con la dirección que recibió el correo. Así formarás parte de la organización que te invita.',
    accept: 'Iniciar sesión y aceptar',
    accepting: 'Aceptando …',
    toRegister: 'Todavía no tengo cuenta',
    inviteNotYou: '¿No quieres? Entonces cierra esta página y no pasará nada.',
    inviteOther: 'Esta invitación es para otra dirección. Usa la que recibió el correo.',
    inviteFull: 'Ya formas parte de 50 organizaciones, que es el máximo. Deja una primero.',
    inviteTickets:
      'Tienes boletos de un sorteo en el que no pueden participar los miembros de esta organización. Acepta cuando se haya sorteado y, si ganaste, tengas tu premio. Si para entonces el enlace ha caducado, pide otra invitación.',
    registerTitle: 'Crea tu cuenta',
    registerText: 'Usa la dirección que recibió el correo.',
    yourName: 'Tu nombre',
    nameWrong: 'Escribe tu nombre, con 100 caracteres como mucho.',
    registerAndAccept: 'Registrarme y aceptar',
    toSignIn: 'Ya tengo una cuenta',
    registerFailed:
      'No pudimos iniciar tu sesión. Si ya tienes una cuenta, usa su contraseña o elige una nueva.',
    joinedTitle: 'Ya formas parte',
    joinedText: 'Ahora formas parte de esta organización:',
    joinedAside: 'Puedes cerrar esta página.',
    usedInviteText:
      'Sirve una sola vez, durante siete días. Si ya aceptaste la invitación, todo está bien. Si no, pide a la organización que te invite de nuevo.',

    email: 'Dirección de correo',
    emailWrong: 'Escribe una dirección de correo entera, como amina@example.com.',
    password: 'Contraseña',
    passwordMissing: 'Escribe tu contraseña.',
    reveal: 'Mostrar',
    conceal: 'Ocultar',
    revealPassword: 'Mostrar contraseña',
    concealPassword: 'Ocultar contraseña',
    sendLink: 'Enviarme un enlace',
    sending: 'Enviando …',
    again: 'Intentar de nuevo',
    offline: 'No llegó ninguna respuesta. Revisa tu conexión e inténtalo de nuevo.',
    tooMany: 'Demasiados intentos. Espera un minuto e inténtalo de nuevo.',
    broke: 'Algo falló de nuestro lado. Inténtalo de nuevo en un momento.',
  },
}

/** The first of the reader's languages that `WORDS` has; English if it has none. */
export const preferredLanguage = (languages) =>
  languages.map((each) => each.split('-')[0].toLowerCase()).find((each) => Object.hasOwn(WORDS, each)) ?? 'en'
