// Patients: the list, one chart, its notes and files, and the archive everyone downloads once.
//
// Not a document store: of an uploaded file only name, size and digest are kept.
// Invariant: a chart of another practice is 404, exactly like one that does not exist.
// Refused: buffering uploads; they are streamed through a digest.

import { html } from 'hono/html'
import { staffOnly } from './admission.ts'
import { dayInShort, momentInShort } from './calendar.ts'
import type { Desk, DeskApp, StaffVisitor } from './desk.ts'
import type { Markup } from './layout.ts'
import { staffPage } from './layout.ts'
import { readBoundary, readUpload } from './multipart.ts'
import type { Patient } from './patients.ts'
import { dollars } from './payments.ts'

const uploadBytesMax = 50 * 1024 * 1024
const archiveBytes = 5 * 1024 * 1024

/** The 5 MiB every download of the X-ray archive yields: byte `i` depends on `i` alone. */
export function xrayArchive(): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(archiveBytes)
  let state = 0x2545f491
  for (let at = 0; at < archiveBytes; at += 4) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes.writeInt32LE(state, at)
  }
  return bytes
}

function listPage(staff: StaffVisitor, search: string): Markup {
  const found = staff.records.patients(search)
  const rows = found.map(
    (patient) => html`<tr><th scope="row"><a href="/patients/${patient.id}">${patient.name}</a>
${patient.alerts.length > 0 ? html`<span class="pill bad">${patient.alerts.length === 1 ? 'Alert' : 'Alerts'}</span>` : ''}</th>
<td>${dayInShort(patient.born)}</td><td>${patient.phone}</td><td>${patient.insurance}</td>
<td>${dayInShort(patient.lastVisit)}</td><td class="number">${patient.balanceCents ? dollars(patient.balanceCents) : '–'}</td></tr>`,
  )
  return staffPage({
    title: 'Patients',
    subtitle: `${found.length} ${found.length === 1 ? 'chart' : 'charts'}${search ? ` for “${search}”` : ''}`,
    staff,
    current: '/patients',
    actions: html`<form class="search" role="search"><label class="hidden" for="search">Search patients</label>
<input id="search" type="search" name="search" value="${search}" placeholder="Name, phone or e-mail"><button>Search</button></form>`,
    body: html`<div class="card table" role="region" aria-label="Patients" tabindex="0"><table>
<thead><tr><th scope="col">Name</th><th scope="col">Born</th><th scope="col">Phone</th><th scope="col">Insurance</th>
<th scope="col">Last visit</th><th scope="col" class="number">Balance</th></tr></thead>
<tbody>${rows.length > 0 ? rows : html`<tr><td colspan="6">Nobody found.</td></tr>`}</tbody></table></div>`,
  })
}

function notesCard(patient: Patient): Markup {
  const notes = patient.notes.map(
    (note) => html`<li><p>${note.text}</p><footer>${note.author} · ${dayInShort(note.day)}
<button class="quiet small" data-remove-note="/api/patients/${patient.id}/notes/${note.id}">Remove
<span class="hidden">note: ${note.text}</span></button></footer></li>`,
  )
  return html`<section class="card"><h2>Notes</h2><ul class="notes">${notes.length > 0 ? notes : html`<li>No notes.</li>`}</ul></section>`
}

function filesCard(staff: StaffVisitor, patient: Patient): Markup {
  const files = patient.files.map(
    (file) => html`<li><strong>${file.name}</strong><span>${file.bytes.toLocaleString('en-US')} bytes ·
${momentInShort(staff.practice.zone, file.at)}</span></li>`,
  )
  return html`<section class="card"><h2>Files</h2>
<form id="upload" class="stack" method="post" enctype="multipart/form-data" action="/patients/${patient.id}/files">
<label>X-ray, photo or letter, up to 50 MB <input type="file" name="file" required></label>
<button>Upload</button><output id="upload-state"></output></form>
<ul class="files">${files}</ul>
<p><a href="/files/xray-archive.bin" download>Download the X-ray archive</a> (5 MB)</p></section>`
}

function chartPage(staff: StaffVisitor, patient: Patient): Markup {
  const { day } = staff.records.moment()
  const today = staff.records.visits(day).filter((visit) => visit.patientId === patient.id)
  const alerts = patient.alerts.map((alert) => html`<li class="pill bad">${alert}</li>`)
  return staffPage({
    title: patient.name,
    subtitle: `Chart ${patient.id} · born ${dayInShort(patient.born)}`,
    staff,
    current: '/patients',
    actions: html`<a class="button quiet" href="/patients">All patients</a>`,
    body: html`${alerts.length > 0 ? html`<ul class="pills" aria-label="Alerts">${alerts}</ul>` : ''}
<div class="columns"><section class="card"><h2>Details</h2><dl>
<dt>Phone</dt><dd>${patient.phone}</dd><dt>E-mail</dt><dd>${patient.email}</dd>
<dt>Insurance</dt><dd>${patient.insurance}</dd><dt>Last visit</dt><dd>${dayInShort(patient.lastVisit)}</dd>
<dt>Balance</dt><dd>${dollars(patient.balanceCents)}</dd>
<dt>Today</dt><dd>${today.length > 0 ? today.map((visit) => visit.procedure).join(', ') : 'No visit'}</dd></dl></section>
${notesCard(patient)}${filesCard(staff, patient)}</div>`,
  })
}

function addPages(app: DeskApp, desk: Desk): void {
  const guard = staffOnly(desk)
  const archive = xrayArchive()

  app.get('/patients', guard, (c) => c.html(listPage(c.get('staff'), c.req.query('search') ?? '')))

  app.get('/patients/:id', guard, (c) => {
    const patient = c.get('staff').records.patient(c.req.param('id'))
    return patient ? c.html(chartPage(c.get('staff'), patient)) : c.notFound()
  })

  app.get('/files/xray-archive.bin', guard, (c) => {
    c.header('Content-Disposition', 'attachment; filename="xray-archive.bin"')
    c.header('Content-Type', 'application/octet-stream')
    return c.body(archive)
  })
}

function addUpload(app: DeskApp, desk: Desk): void {
  app.post('/patients/:id/files', staffOnly(desk), async (c) => {
    const { records, practice, account } = c.get('staff')
    const patient = records.patient(c.req.param('id'))
    if (!patient) return c.json({ error: 'no such patient' }, 404)
    const boundary = readBoundary(c.req.header('content-type'))
    if (!boundary) return c.json({ error: 'multipart/form-data is needed' }, 415)
    const tooLarge = () => c.json({ error: 'files may have 50 MB at most' }, 413)
    if (Number(c.req.header('content-length') ?? 0) > uploadBytesMax) return tooLarge()
    const reading = c.req.raw.body ? await readUpload(c.req.raw.body, boundary, uploadBytesMax) : 'malformed'
    if (reading === 'too-large') return tooLarge()
    if (typeof reading === 'string') return c.json({ error: `upload: ${reading}` }, 400)
    records.addFile(patient.id, { ...reading, at: desk.now() })
    desk.happenings.publish(practice.id, 'file', `${account.name} filed ${reading.name} for ${patient.name}`)
    return c.json({ bytes: reading.bytes, sha256: reading.sha256 })
  })
}

function addApi(app: DeskApp, desk: Desk): void {
  const guard = staffOnly(desk)

  app.get('/api/patients', guard, (c) => {
    const patients = c.get('staff').records.patients(c.req.query('search') ?? '')
    return c.json({ patients: patients.map(({ notes: _notes, files: _files, ...brief }) => brief) })
  })

  app.get('/api/patients/:id', guard, (c) => {
    const patient = c.get('staff').records.patient(c.req.param('id'))
    return patient ? c.json({ patient }) : c.json({ error: 'no such patient' }, 404)
  })

  app.delete('/api/patients/:id/notes/:note', guard, (c) => {
    const { records, practice, account } = c.get('staff')
    const { id, note } = c.req.param()
    if (!records.removeNote(id, note)) return c.json({ error: 'no such note' }, 404)
    desk.happenings.publish(
      practice.id,
      'note',
      `${account.name} removed a note of ${records.patient(id)?.name}`,
    )
    return c.body(null, 204)
  })
}

/** Adds /patients, /patients/:id, uploads, the archive download, and the patients API. */
export function addPatientRoutes(app: DeskApp, desk: Desk): void {
  addPages(app, desk)
  addUpload(app, desk)
  addApi(app, desk)
}
