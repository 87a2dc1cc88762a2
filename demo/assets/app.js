// The pages' script: live schedule, huddle feed, booking, notes, upload and settings.
//
// Not needed to read a page: every page is complete without it.
// Invariant: what another person wrote is only ever set as text, never as markup.
// Refused: a framework and a build step; the browser runs this file as it is.
// @ts-nocheck This runs in a browser; the type check here knows Node only.

const reconnectMs = [1000, 2000, 4000, 8000, 15000]
const statusNames = {
  unconfirmed: 'Unconfirmed',
  confirmed: 'Confirmed',
  arrived: 'Arrived',
  'in-chair': 'In chair',
  done: 'Done',
}
const byId = (id) => document.getElementById(id)

/** Shows a passing message at the bottom of the page. */
function say(text, bad = false) {
  const toast = byId('page-message')
  if (!toast) return
  toast.textContent = text
  toast.classList.toggle('bad', bad)
  toast.hidden = false
  clearTimeout(say.timer)
  say.timer = setTimeout(() => {
    toast.hidden = true
  }, 8000)
}

/** The JSON answer to a request; throws an Error with a sentence for people. */
async function ask(path, options = {}) {
  let response
  try {
    response = await fetch(path, { headers: { Accept: 'application/json' }, ...options })
  } catch {
    throw new Error('The office server cannot be reached.')
  }
  if (response.status === 204) return null
  const json = (response.headers.get('content-type') ?? '').includes('json') ? await response.json() : null
  if (response.ok && json !== null) return json
  if (response.status === 401 || response.redirected)
    throw new Error('You are signed out. Sign in again to go on.')
  throw new Error(json?.detail ?? json?.error ?? json?.title ?? `The server answered ${response.status}.`)
}

function send(path, method, body) {
  const headers = { Accept: 'application/json', 'Content-Type': 'application/json' }
  return ask(path, { method, headers, body: JSON.stringify(body) })
}

function setState(id, live) {
  const output = byId(id)
  if (!output) return
  output.textContent = live ? 'live' : 'disconnected'
  output.classList.toggle('live', live)
}

function element(name, className, text) {
  const made = document.createElement(name)
  if (className) made.className = className
  if (text !== undefined) made.textContent = text
  return made
}

function timeInWords(minute) {
  const hour = Math.floor(minute / 60)
  return `${hour % 12 || 12}:${String(minute % 60).padStart(2, '0')} ${hour < 12 ? 'AM' : 'PM'}`
}

// --- schedule -----------------------------------------------------------------------------------

function visitCard(visit, discipline, day) {
  const row = (visit.startMinute - day.opensMinute) / day.gridMinutes
  const card = element('li', `visit ${discipline} at-${row} for-${visit.durationMinutes / day.gridMinutes}`)
  card.dataset.visit = visit.id
  card.dataset.status = visit.status
  const name = element('a', '', visit.patientName)
  name.href = `/patients/${encodeURIComponent(visit.patientId)}`
  card.append(
    name,
    element('span', 'what', visit.procedure),
    element('span', 'when', timeInWords(visit.startMinute)),
    element('span', 'status', statusNames[visit.status] ?? visit.status),
  )
  return card
}

function drawNow(day) {
  for (const line of document.querySelectorAll('.slots.now i')) {
    const shown = day.date === day.today && day.minute >= day.opensMinute && day.minute < day.closesMinute
    line.hidden = !shown
    if (shown) line.className = `at-${Math.floor((day.minute - day.opensMinute) / day.gridMinutes)}`
  }
}

async function redrawDay() {
  const grid = byId('day')
  const day = await ask(`/api/schedule?date=${grid.dataset.date}`)
  for (const column of grid.querySelectorAll('ol[data-chair]')) {
    const known = new Set([...column.children].map((card) => card.dataset.visit))
    const visits = day.appointments.filter((visit) => visit.chair === column.dataset.chair)
    column.replaceChildren(
      ...visits.map((visit) => {
        const card = visitCard(visit, column.dataset.discipline, day)
        card.classList.toggle('fresh', !known.has(visit.id))
        return card
      }),
    )
  }
  drawNow(day)
}

function connectSchedule(attempt = 0) {
  const socket = new WebSocket(
    `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/live/schedule`,
  )
  let tries = attempt
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(data)
    if (message.type === 'hello') {
      tries = 0
      setState('live-state', true)
    }
    if (message.type === 'update') redrawDay().catch((error) => say(error.message, true))
  })
  socket.addEventListener('close', () => {
    setState('live-state', false)
    setTimeout(connectSchedule, reconnectMs[Math.min(tries, reconnectMs.length - 1)], tries + 1)
  })
}

function bookVisit(form) {
  const fields = Object.fromEntries(new FormData(form))
  const wish = { patientId: fields.patientId, date: fields.date, procedure: fields.procedure }
  if (fields.chair) wish.chair = fields.chair
  if (fields.start) wish.start = fields.start
  return send('/api/appointments', 'POST', { ...wish, durationMinutes: Number(fields.durationMinutes) })
}

function startSchedule() {
  const dialog = byId('new-visit')
  const form = byId('new-visit-form')
  byId('open-new-visit').addEventListener('click', () => dialog.showModal())
  dialog.querySelector('[data-close]').addEventListener('click', () => dialog.close())
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    try {
      const { appointment } = await bookVisit(form)
      dialog.close()
      say(`Booked ${appointment.patientName} at ${timeInWords(appointment.startMinute)}.`)
      // While live, the update that every open schedule gets redraws this one too.
      if (byId('live-state').textContent !== 'live') await redrawDay()
    } catch (error) {
      dialog.close()
      say(error.message, true)
    }
  })
  connectSchedule()
}

// --- huddle -------------------------------------------------------------------------------------

function feedEntry({ at, text }) {
  const entry = element('li', '')
  const timeZone = byId('huddle-feed').dataset.zone
  const words = new Date(at).toLocaleTimeString('en-US', { timeZone, hour: 'numeric', minute: '2-digit' })
  const time = element('time', '', words)
  time.dateTime = new Date(at).toISOString()
  entry.append(time, element('span', '', text))
  return entry
}

function startHuddle() {
  const feed = byId('huddle-feed')
  const source = new EventSource('/live/huddle')
  source.addEventListener('hello', ({ data }) => {
    setState('huddle-state', true)
    feed.replaceChildren(...JSON.parse(data).recent.map(feedEntry))
  })
  source.addEventListener('huddle', ({ data }) => {
    const happening = JSON.parse(data)
    if (happening.kind !== 'tick') feed.prepend(feedEntry(happening))
  })
  source.addEventListener('error', () => {
    setState('huddle-state', false)
    // A browser gives up on a stream that answered with an error; try again as a person would.
    if (source.readyState === EventSource.CLOSED) setTimeout(startHuddle, reconnectMs[3])
  })
}

// --- charts and settings ------------------------------------------------------------------------

function startNotes() {
  for (const button of document.querySelectorAll('[data-remove-note]')) {
    button.addEventListener('click', async () => {
      try {
        await ask(button.dataset.removeNote, { method: 'DELETE' })
        button.closest('li').remove()
        say('Note removed.')
      } catch (error) {
        say(error.message, true)
      }
    })
  }
}

function startUpload(form) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const state = byId('upload-state')
    state.textContent = 'Uploading…'
    try {
      const { bytes, sha256 } = await ask(form.action, { method: 'POST', body: new FormData(form) })
      state.textContent = `Filed ${bytes.toLocaleString()} bytes, SHA-256 ${sha256.slice(0, 12)}…`
    } catch (error) {
      state.textContent = ''
      say(error.message, true)
    }
  })
}

function startSettings(form) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const fields = Object.fromEntries(new FormData(form))
    const change = {
      ...fields,
      reminderHours: Number(fields.reminderHours),
      onlineBooking: 'onlineBooking' in fields,
    }
    try {
      await send('/api/settings', 'PUT', change)
      say('Settings saved.')
    } catch (error) {
      say(error.message, true)
    }
  })
}

if (byId('day')) startSchedule()
if (byId('huddle-feed')) startHuddle()
startNotes()
if (byId('upload')) startUpload(byId('upload'))
if (byId('settings')) startSettings(byId('settings'))
