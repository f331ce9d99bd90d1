/** German. */
import type { Language } from './language.ts'

export const de: Language = {
  dir: 'ltr',

  shared: {
    'page.title-error': 'Fehler: {page} · {brand}',
    'page.support': 'Support kontaktieren',
    'page.back': 'Zurück zur Anmeldung',
    'page.busy': 'Einen Moment …',
    'page.start-over': 'Von vorn beginnen',
    'page.caps': 'Die Feststelltaste ist aktiviert.',
    'page.language': 'Sprache',
    'page.language-set': 'Sprache wechseln',

    'api.link-sent': 'Falls die E-Mail-Adresse existiert, wurde ein Link zum Zurücksetzen gesendet.',
    'api.code-sent': 'Falls die E-Mail-Adresse existiert, wurde ein Code gesendet.',
    'api.changed': 'Das Passwort wurde zurückgesetzt',
    'api.token-dead': 'Token ungültig oder abgelaufen',

    'life.minutes': '{count, plural, one {# Minute} other {# Minuten}}',
    'life.hours': '{count, plural, one {# Stunde} other {# Stunden}}',

    'ways.title': 'Das können Sie tun:',
    'ways.check-spelling': 'Schreibweise der E-Mail-Adresse prüfen',
    'ways.sign-up': 'Neues Konto anlegen',
    'ways.contact': 'Support kontaktieren',

    'sent.where': 'Keine E-Mail erhalten?',
    'sent.spam': 'Es kann einige Minuten dauern. Sehen Sie auch im Spam- oder Junk-Ordner nach.',
    'sent.next': 'Wie es weitergeht',
    'sent.next-open': 'Öffnen Sie die E-Mail „{subject}“.',
    'sent.next-link':
      'Folgen Sie dem Link darin. Er ist {life} gültig, längstens aber, bis damit ein neues Passwort festgelegt wird.',
    'sent.next-set': 'Legen Sie ein neues Passwort fest und melden Sie sich damit an.',
    'sent.again': 'Mit einer anderen Adresse versuchen',
    'sent.spelling':
      'War das die Adresse Ihres Kontos? Wenn Sie nicht sicher sind, versuchen Sie es mit einer anderen.',

    'code.title': 'Code bestätigen',
    'code.lead':
      'Geben Sie den Code aus der E-Mail ein, und zwar in dem Browser, in dem Sie ihn angefordert haben: Nur dort gilt er.',
    'code.email': 'E-Mail-Adresse',
    'code.label': 'Bestätigungscode',
    'code.hint': '{digits} Ziffern; {life} gültig.',
    'code.button': 'Code bestätigen',
    'code.missing': 'Keinen Code erhalten?',
    'code.look': 'Es kann einige Minuten dauern. Sehen Sie auch im Spam- oder Junk-Ordner nach.',
    'code.resend': 'Code erneut senden',
    'code.wait': 'Einen weiteren Code können Sie in {seconds, plural, one {# Sekunde} other {# Sekunden}} anfordern.',
    'code.try-again': 'Mit dem richtigen Code erneut versuchen',
    'code.click-resend': 'Auf „Code erneut senden“ klicken',
    'code.start-over': 'Von vorn beginnen',

    'choose.title': 'Welches Konto?',
    'choose.lead':
      'Mehrere Konten haben diese E-Mail-Adresse. Wählen Sie das aus, für das Sie ein neues Passwort festlegen möchten. Für ein anderes fordern Sie danach einen neuen Code an.',

    'set.for': 'Für das Konto',
    'set.show': 'Passwort anzeigen',
    'set.hide': 'Passwort verbergen',
    'set.strength': '💪 Stärke: {level}',
    'set.weak': 'Schwach',
    'set.fair': 'Mittel',
    'set.strong': 'Stark',
    'set.match': '✓ Die Passwörter stimmen überein',
    'set.no-match': 'Die Passwörter stimmen nicht überein.',
    'set.sessions': 'Sie werden überall sonst abgemeldet.',
    'set.life': 'Diese Seite ist ab dem ersten Öffnen {life} gültig.',

    'advice.common': 'Dieses Passwort gehört zu denen, die zuerst geraten werden.',
    'advice.word': 'Ein einzelnes Wort oder ein Name ist schnell erraten.',
    'advice.name': 'Der eigene Name oder die eigene Adresse wird zuerst ausprobiert.',
    'advice.keys': 'Tasten, die nebeneinanderliegen, sind schnell erraten.',
    'advice.repeat': 'Wiederholungen wie „aaa“ oder „abcabc“ bringen wenig.',
    'advice.sequence': 'Folgen wie „abc“ oder „6543“ bringen wenig.',
    'advice.date': 'Daten und Jahreszahlen sind schnell erraten.',
    'advice.longer': 'Ein oder zwei weitere Wörter machen es stärker: Länge hilft am meisten.',

    'rules.title': 'Anforderungen an das Passwort:',
    'rules.met': 'erfüllt',
    'rules.not-met': 'nicht erfüllt',
    'rules.min': 'Mindestens {min} Zeichen',
    'rules.upper': 'Mindestens ein Großbuchstabe',
    'rules.lower': 'Mindestens ein Kleinbuchstabe',
    'rules.digit': 'Mindestens eine Ziffer',
    'rules.special': 'Mindestens ein Sonderzeichen',
    'rules.all-digits': 'Nicht nur Ziffern',
    'rules.history': 'Keines der zuletzt verwendeten Passwörter',
    'rules.different': 'Anders als das alte Passwort',
    'rules.match': 'Beide Eingaben müssen übereinstimmen',

    'weak.title': 'Das Passwort ist zu schwach',
    'weak.list': 'Anforderungen:',
    'weak.min': 'Ab {min} Zeichen',
    'weak.upper': 'Großbuchstabe',
    'weak.lower': 'Kleinbuchstabe',
    'weak.digit': 'Ziffer',
    'weak.special': 'Sonderzeichen',

    'unmet.empty': 'Geben Sie ein neues Passwort ein.',
    'unmet.too-short': 'Das Passwort muss mindestens {min} Zeichen lang sein.',
    'unmet.too-long': 'Das Passwort darf höchstens 256 Zeichen lang sein.',
    'unmet.no-upper': 'Das Passwort muss mindestens einen Großbuchstaben enthalten.',
    'unmet.no-lower': 'Das Passwort muss mindestens einen Kleinbuchstaben enthalten.',
    'unmet.no-digit': 'Das Passwort muss mindestens eine Ziffer enthalten.',
    'unmet.no-special': 'Das Passwort muss mindestens ein Sonderzeichen enthalten.',
    'unmet.all-digits': 'Das Passwort darf nicht nur aus Ziffern bestehen.',
    'unmet.common': 'Dieses Passwort steht auf der Liste derer, die zuerst geraten werden. Wählen Sie ein anderes.',
    'unmet.is-name': 'Das Passwort darf nicht Ihr Benutzername oder Ihre E-Mail-Adresse sein.',
    'unmet.holds-name': 'Das Passwort darf Ihren Benutzernamen oder Ihre E-Mail-Adresse nicht enthalten.',
    'unmet.same-as-current': 'Das Passwort muss sich vom alten unterscheiden.',
    'unmet.used-before': 'Dieses Passwort haben Sie schon einmal verwendet. Wählen Sie ein anderes.',
    'unmet.mismatch': 'Die Passwörter stimmen nicht überein.',
    'unmet.unprintable': 'Das Passwort enthält ein Zeichen, das sich nicht überall eingeben lässt.',
    'unmet.too-many-bytes':
      'Das Passwort ist für dieses System zu lang: höchstens 72 Buchstaben, mit Akzenten oder anderen Schriften weniger.',
    'unmet.outer-space': 'Das Passwort darf nicht mit einem Leerzeichen beginnen oder enden.',

    'dead.title': 'Link ungültig oder abgelaufen',
    'dead.reasons': 'Dafür gibt es einen dieser Gründe:',
    'dead.used': 'Er wurde bereits verwendet oder widerrufen.',
    'dead.changed': 'Das Passwort oder die E-Mail-Adresse des Kontos wurde inzwischen geändert.',
    'dead.cut': 'Die Adresse wurde abgeschnitten: Kopieren Sie den ganzen Link aus der E-Mail.',
    'dead.look':
      'Durch das Öffnen wird ein Link nicht verbraucht: Auch ein Mailprogramm, das ihn vorher geprüft hat, richtet keinen Schaden an.',
    'dead.button': 'Neuen Link anfordern',

    'session.text': 'Bitte beginnen Sie mit dem Zurücksetzen des Passworts noch einmal von vorn',
    'session.button': 'Von vorn beginnen',

    'captcha.title': 'Noch ein Schritt',
    'captcha.lead': 'Bitte zeigen Sie, dass Sie kein Roboter sind. Danach geht es dort weiter, wo Sie waren.',
    'captcha.from':
      'Diese Prüfung kommt von {provider}: Ihr Browser nimmt auf dieser Seite Kontakt dorthin auf, auf keiner anderen.',
    'captcha.button': 'Weiter',
    'captcha.altcha':
      'Vor dem Absenden löst Ihr Browser eine kleine Rechenaufgabe, um zu zeigen, dass Sie kein Roboter sind. Sonst wird niemand gefragt.',
    'captcha.working': 'Einen Moment: Ihr Browser rechnet.',
    'captcha.failed': 'Die Prüfung hat nicht funktioniert. Bitte versuchen Sie es noch einmal.',
    'captcha.refused': 'Die Prüfung wurde nicht bestanden oder kam zu spät. Bitte versuchen Sie es noch einmal.',
    'captcha.away':
      '{provider} ist gerade nicht erreichbar; stattdessen löst Ihr Browser eine kleine Rechenaufgabe. Klicken Sie auf „Weiter“.',
    'captcha.down': '{provider} ist gerade nicht erreichbar. Bitte versuchen Sie es in einigen Minuten noch einmal.',
    'captcha.no-script':
      'Diese Prüfung braucht JavaScript und ist nicht gestartet: Schalten Sie JavaScript ein oder verwenden Sie einen anderen Browser.',
    'captcha.wait':
      'Oder warten Sie {minutes, plural, one {# Minute} other {# Minuten}}, dann ist keine Prüfung nötig.',
    'captcha.no-wait': 'Ein anderer Weg führt hier nicht weiter; wenden Sie sich an den Support, falls es nicht geht.',

    'limit.text':
      'Bitte warten Sie {minutes, plural, one {# Minute} other {# Minuten}} und versuchen Sie es dann noch einmal',
    'limit.countdown': 'Verbleibende Zeit: {time}',
    'limit.since': ', gezählt ab dem Öffnen dieser Seite',
    'limit.over': 'Sie können es jetzt noch einmal versuchen.',
    'limit.button': 'Erneut versuchen',
    'limit.why': 'Mit Ihrem Konto ist alles in Ordnung. Die Begrenzung hält andere vom Raten ab.',

    'problem.missing-token': 'Das Token zum Zurücksetzen fehlt.',
    'problem.missing-token.text': 'Öffnen Sie den ganzen Link aus der E-Mail oder fordern Sie einen neuen an.',
    'problem.forbidden': 'Dieses Formular ist nicht mehr gültig',
    'problem.forbidden.text':
      'Es war zu lange geöffnet oder kam von einer anderen Website. Beginnen Sie von vorn und lassen Sie Cookies zu.',
    'problem.not-found': 'Seite nicht gefunden',
    'problem.not-found.text': 'Prüfen Sie die Adresse oder beginnen Sie von vorn.',
    'problem.method-not-allowed': 'Das ist hier nicht möglich',
    'problem.method-not-allowed.text': 'Diese Adresse nimmt solche Anfragen nicht an.',
    'problem.bad-request': 'Das war nicht lesbar',
    'problem.bad-request.text':
      'Etwas an der Anfrage war nicht so, wie es sein sollte. Gehen Sie zurück und versuchen Sie es noch einmal.',
    'problem.too-large': 'Das ist zu lang',
    'problem.too-large.text':
      'Die Anfrage war größer, als dieses Formular zulässt. Gehen Sie zurück und kürzen Sie sie.',
    'problem.unsupported-type': 'Das ist hier nicht lesbar',
    'problem.unsupported-type.text': 'Die Anfrage hatte ein Format, das diese Adresse nicht annimmt.',
    'problem.misdirected': 'Falsche Adresse',
    'problem.misdirected.text': 'Dieser Server ist für den Namen in der Adresse nicht zuständig.',
    'problem.unavailable': 'Gerade nicht verfügbar',
    'problem.unavailable.text': 'Es wurde nichts geändert. Bitte versuchen Sie es in einer Minute noch einmal.',
    'problem.unsettled': 'Ihr Passwort wird gerade geändert',
    'problem.unsettled.text':
      'Noch ist nicht sicher, ob es gespeichert wurde. Warten Sie eine Minute: Sagt eine E-Mail, dass Ihr Passwort geändert wurde, melden Sie sich mit dem neuen an. Kommt keine, versuchen Sie es noch einmal.',

    'account.title': 'Ihr Konto',
    'account.signed-in': 'Sie sind angemeldet.',
    'account.email': 'E-Mail-Adresse',
    'account.username': 'Benutzername',
    'account.log-out': 'Abmelden',
    'account.change': 'Passwort ändern',
    'account.changed': 'Ihr Passwort wurde geändert. Alle anderen Sitzungen wurden beendet.',
    'account.current': 'Aktuelles Passwort',
    'account.wrong-current': 'Das aktuelle Passwort ist falsch.',
    'account.elsewhere': 'Sie melden sich hier auf andere Weise an: Es gibt kein Passwort zu ändern.',
    'account.forgotten': 'Passwort vergessen? Per E-Mail zurücksetzen',
    'account.sessions': 'Wo Sie angemeldet sind',
    'account.this': 'Dieser Browser',
    'account.since': 'Seit {at}',
    'account.end': 'Sitzung beenden',
    'account.end-others': 'Alle anderen Sitzungen beenden',
    'account.ended': 'Die Sitzung wurde beendet.',
    'account.ended-others': 'Alle anderen Sitzungen wurden beendet.',
    'account.events': 'Was zuletzt geschehen ist',
    'account.no-events': 'Noch nichts.',
    'account.not-you':
      'Waren Sie etwas davon nicht selbst? Ändern Sie Ihr Passwort: Das beendet alle anderen Sitzungen.',

    'event.password-changed': 'Ihr Passwort wurde geändert',
    'event.password-refused': 'Eine Änderung Ihres Passworts wurde abgelehnt',
    'event.letter-sent': 'Eine E-Mail zum Zurücksetzen des Passworts wurde an Sie gesendet',
    'event.proof-accepted': 'Der Code aus einer E-Mail wurde eingegeben',
    'event.session-opened': 'Jemand hat sich angemeldet',
    'event.session-refused': 'Eine Anmeldung wurde abgelehnt',
    'event.times': '{count}-mal',

    'agent.on': '{browser} unter {system}',
    'agent.unknown': 'Ein unbekannter Browser',

    'spa.link-life':
      'Ein Link ist nur einmal und nur kurze Zeit gültig. Fordern Sie einen neuen an und öffnen Sie ihn bald.',
    'spa.set-lead': 'Geben Sie es zweimal ein. Danach melden Sie sich damit an.',
    'spa.rules-met': '{met} von {all} erfüllt',
    'spa.returning': 'Sie werden in {seconds} s zur Anmeldung weitergeleitet.',
    'spa.stay': 'Auf dieser Seite bleiben',

    'notice.changed.subject': '{brand}: Ihr Passwort wurde geändert',
    'notice.changed.preview': 'Wenn Sie das nicht waren, handeln Sie jetzt.',
    'notice.changed.text': 'Ihr Passwort wurde am {at} geändert.',
    'notice.changed.out': 'Alle Sitzungen Ihres Kontos wurden beendet.',
    'notice.changed.you': 'Wenn Sie das waren, müssen Sie nichts tun.',
    'notice.changed.not-you':
      'Wenn Sie das nicht waren, liest möglicherweise jemand Ihre E-Mails mit. Legen Sie jetzt ein neues Passwort fest:',
    'notice.tries.subject': '{brand}: Zu viele falsche Codes',
    'notice.tries.preview': 'Ihr Passwort wurde nicht geändert.',
    'notice.tries.text': 'Am {at} wurde für Ihr Konto der letzte von vielen falschen Bestätigungscodes eingegeben.',
    'notice.tries.unchanged': 'Niemand hat Zugang erhalten, und Ihr Passwort wurde nicht geändert.',
    'notice.tries.link': 'Unsere E-Mails an Sie enthalten vorerst einen Link statt eines Codes.',
    'notice.tries.you': 'Wenn Sie das waren, fordern Sie noch einmal eine E-Mail an und verwenden Sie den Link:',
    'notice.tries.not-you': 'Wenn Sie das nicht waren, müssen Sie nichts tun.',
    'notice.button': 'Passwort zurücksetzen',
    'notice.support': 'Wenn Sie Hilfe brauchen, wenden Sie sich an den Support:',

    'instead.subject': '{brand}: Link zum Zurücksetzen Ihres Passworts',
    'instead.why':
      'Für Ihr Konto sind die Codes vorerst aufgebraucht; deshalb enthält diese E-Mail einen Link statt eines Codes.',
    'instead.expires': 'Dieser Link ist {life} gültig.',
    'instead.text': 'Setzen Sie Ihr Passwort mit diesem Link zurück:',

    'door.subject': '{brand}: So melden Sie sich an',
    'door.preview': 'Es gibt kein Passwort zum Zurücksetzen.',
    'door.text':
      'Jemand wollte das Passwort Ihres Kontos bei {brand} zurücksetzen. Ihr Konto hat keines: Sie melden sich auf andere Weise an, mit Single Sign-on.',
    'door.here': 'Hier können Sie sich anmelden:',
    'door.somewhere':
      'Melden Sie sich wie gewohnt an: über Ihre Organisation oder mit dem Konto, mit dem Sie sich registriert haben.',
    'door.button': 'Anmelden',
    'door.ignore': 'Wenn Sie das nicht waren, ignorieren Sie diese E-Mail. Es hat sich nichts geändert.',

    'nobody.subject': '{brand}: Kein Konto mit dieser Adresse',
    'nobody.preview': 'Für diese Adresse gibt es nichts zurückzusetzen.',
    'nobody.text':
      'Jemand wollte bei {brand} ein Passwort zurücksetzen und hat diese Adresse eingegeben. Zu ihr gibt es kein Konto.',
    'nobody.other':
      'Wenn Sie das waren, haben Sie sich vielleicht mit einer anderen Adresse registriert. Versuchen Sie es damit:',
    'nobody.button': 'Andere Adresse versuchen',
    'nobody.sign-up': 'Oder registrieren Sie sich:',
    'nobody.ignore': 'Wenn Sie das nicht waren, ignorieren Sie diese E-Mail. Sie kommt höchstens einmal in der Woche.',
    'nobody.footer': 'Gesendet, weil jemand diese Adresse bei {brand} eingegeben hat.',

    'letter.which':
      'Zu dieser Adresse gehören mehrere Konten. Diese E-Mail ist für das Konto {name}; jedes andere hat eine eigene erhalten.',
    'letter.preview-link': 'Ein Link, mit dem Sie ein neues Passwort festlegen.',
    'letter.until': 'Er gilt einmal, bis {until}.',
    'letter.unchanged':
      'Bisher hat sich nichts geändert. Ihr Passwort bleibt, wie es ist, bis ein neues festgelegt wird.',
    'letter.unchanged-code':
      'Bisher hat sich nichts geändert. Geben Sie diesen Code niemandem weiter; wir fragen nie danach.',
    'letter.where': 'Geben Sie ihn in dem Browser ein, in dem Sie ihn angefordert haben: Nur dort gilt er.',
    'letter.support': 'Wenn Sie das nicht angefordert haben und es wieder vorkommt, wenden Sie sich an den Support:',
    'letter.footer': 'Gesendet an {email}, die Adresse Ihres Kontos.',
  },

  wordings: {
    classic: {
      'ask.title': 'Passwort zurücksetzen',
      'ask.lead': 'Wir senden Ihnen einen Link, mit dem Sie ein neues Passwort festlegen können.',
      'ask.lead-code': 'Wir senden Ihnen einen Bestätigungscode.',
      'ask.label': 'E-Mail-Adresse eingeben',
      'ask.button': 'Link senden',
      'ask.button-code': 'Bestätigungscode senden',

      'sent.title': 'Prüfen Sie Ihren Posteingang',
      'sent.toast': '✅ E-Mail gesendet! Sehen Sie in Ihrem Posteingang nach …',
      'sent.text': 'Falls es diese E-Mail-Adresse gibt, haben wir einen Link dorthin gesendet.',
      'sent.uniform': 'Falls die E-Mail-Adresse existiert, wurde ein Link zum Zurücksetzen gesendet.',

      'set.title': 'Neues Passwort festlegen',
      'set.valid': 'Link bestätigt ✅',
      'set.password': 'Neues Passwort',
      'set.confirm': 'Passwort bestätigen',
      'set.button': 'Passwort zurücksetzen',

      'dead.text': 'Ungültiger Link',
      'dead.expired': 'Dieser Link ist abgelaufen',

      'done.title': 'Passwort geändert',
      'done.toast': '✅ Geschafft!',
      'done.text': 'Sie können sich jetzt mit Ihrem neuen Passwort anmelden.',
      'done.button': 'Weiter zur Anmeldung',
      'done.continue': 'Weiter',

      'login.title': 'Anmeldung',
      'login.after': 'Anmeldung',
      'login.toast': '✅ Geschafft! Das Passwort wurde geändert',
      'login.signed-out': 'Sie sind abgemeldet.',
      'login.username': 'E-Mail-Adresse oder Benutzername',
      'login.password': 'Passwort',
      'login.button': 'Anmelden',
      'login.forgot': 'Passwort vergessen?',

      'problem.email-required': 'Geben Sie eine E-Mail-Adresse ein',
      'problem.email-invalid': 'Geben Sie eine gültige E-Mail-Adresse ein.',
      'problem.too-many-attempts': 'Zu viele Versuche',
      'problem.link-dead': 'Link ungültig oder abgelaufen',
      'problem.code-dead': 'Code ungültig oder abgelaufen',
      'problem.code-malformed': 'Geben Sie den Code aus der E-Mail ein: nur Ziffern.',
      'problem.session-expired': 'Sitzung abgelaufen',
      'problem.password-refused': 'Dieses Passwort kann nicht verwendet werden',
      'problem.login-failed': 'E-Mail-Adresse, Benutzername oder Passwort ist falsch.',
      'problem.login-elsewhere':
        'Auf dieser Seite können Sie sich bei diesem Konto nicht anmelden: Dafür reicht ein Passwort nicht aus. Melden Sie sich in der Anwendung selbst an.',
      'problem.captcha-required': 'Eine weitere Prüfung ist nötig: Bitte senden Sie das Formular noch einmal.',
      'problem.address-unknown': 'Zu dieser E-Mail-Adresse gibt es kein Konto.',
      'problem.address-unverified': 'Bitte bestätigen Sie zuerst Ihre E-Mail-Adresse.',
      'problem.account-inactive': 'Dieses Konto ist nicht aktiv.',

      'letter.subject': 'Passwort zurücksetzen',
      'letter.preview': 'Ein Link, mit dem Sie ein neues Passwort festlegen.',
      'letter.hello': 'Hallo {name},',
      'letter.hello-nobody': 'Hallo,',
      'letter.text': 'für Ihr Konto bei {brand} wurde das Zurücksetzen des Passworts angefordert.',
      'letter.link': 'Setzen Sie Ihr Passwort mit diesem Link zurück:',
      'letter.button': 'Passwort zurücksetzen',
      'letter.copy': 'Oder kopieren Sie diesen Link in Ihren Browser:',
      'letter.expires': 'Dieser Link ist {life} gültig.',
      'letter.ignore': 'Wenn Sie das nicht angefordert haben, ignorieren Sie diese E-Mail.',
    },

    code: {
      'ask.step': 'Schritt 1 von 4',
      'sent.uniform': 'Falls die E-Mail-Adresse existiert, wurde ein Code gesendet.',
      'code.step': 'Schritt 2 von 4',
      'set.step': 'Schritt 3 von 4',
      'set.valid': 'Code bestätigt ✓',
      'login.step': 'Schritt 4 von 4',
      'letter.subject': '{brand}: Code zum Zurücksetzen des Passworts',
      'letter.preview': 'Geben Sie ihn in dem Browser ein, in dem Sie ihn angefordert haben: Nur dort gilt er.',
      'letter.link': 'Ihr Bestätigungscode lautet:',
      'letter.expires': 'Dieser Code ist {life} gültig.',
      'letter.closing': 'Mit freundlichen Grüßen',
    },
  },
}
