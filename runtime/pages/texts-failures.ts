/**
 * The words for what goes wrong where no decision stands behind it: at a sign-in, in the gateway, at the application, and
 * with a request that cannot be read.
 *
 * Words only; status and when each is said are the gateway's. Invariant: none tells anything about a person, a practice, a
 * host or a port, and each says what to do where there is something to do.
 */
import type { FaultKind } from '../fault.ts'
import { awayTitle, signInAwayTitle, worksOn } from './texts.ts'

/** The words for one failure. `title` is a heading, `sentence` one or more whole sentences. */
export type FailureText = { readonly title: string; readonly sentence: string }

const ourTitle = 'Something went wrong here'
const notNowTitle = 'Not available just now'
const inAMoment = `${worksOn} Please try again in a moment.`

/** The gateway's own failures. */
export const failureTexts = {
  away: {
    title: awayTitle,
    sentence: `This could not be done just now. ${worksOn} Please go back and try again in a moment.`,
  },
  notOurs: {
    title: 'This was not sent',
    sentence: 'The form did not come from this page. Please open the page again and send it from there.',
  },
  notAPage: {
    title: 'This is a page',
    sentence: 'Only a browser’s own navigation goes on here: open this address as a page.',
  },
  tooOften: {
    title: 'A moment, please',
    sentence: 'This page was asked for too often. It goes on in a minute.',
  },
  stale: {
    title: notNowTitle,
    sentence: 'Access rules could not be checked just now. This page tries again by itself.',
  },
  requestsUnknown: {
    title: awayTitle,
    sentence: `Where your request stands could not be found out. ${worksOn} This page tries again by itself.`,
  },
  signInNotSent: { title: signInAwayTitle, sentence: `Your sign-in was not sent on. ${inAMoment}` },
  signInNotChecked: {
    title: signInAwayTitle,
    sentence: `It could not be checked who signed in. ${inAMoment}`,
  },
  signInNotJudged: {
    title: signInAwayTitle,
    sentence: `It could not be checked who signs in. ${inAMoment}`,
  },
  signInNotBegun: {
    title: 'Please sign in once more',
    sentence:
      'This sign-in was not begun in this browser, or it took too long. Nobody was signed in. Open the application again and sign in there; if somebody sent you this link, do not use it.',
  },
  signInWayClosed: {
    title: 'Please sign in another way',
    sentence:
      'Your practice has switched off the way by which you just signed in. Nobody was signed in. Open the application again and choose another way, or ask the person who manages access at your practice.',
  },
  tooManySignIns: {
    title: 'Too many sign-ins',
    sentence: 'There were too many sign-ins from your network. Please wait a minute.',
  },
  signInTooLong: {
    title: 'This sign-in is too long',
    sentence: 'The form was longer than a sign-in can be.',
  },
  signInOddForm: {
    title: 'This sign-in could not be read',
    sentence: 'It was not sent in the form that this application expects.',
  },
  signInNotUtf8: { title: 'This sign-in could not be read', sentence: 'It was not valid UTF-8.' },
  nothingHere: { title: 'Nothing is here', sentence: 'The gateway has no page at this address.' },
  ambiguousPath: {
    title: 'This address was not understood',
    sentence: 'This path can be read in more than one way, and this page takes none such.',
  },
  severalTokens: { title: 'One of the two', sentence: 'A request carries one service token, not several.' },
  sessionAndToken: {
    title: 'One of the two',
    sentence: 'A request is a person’s or a machine’s: it carries a session or a token.',
  },
  busy: { title: 'Too much at once', sentence: 'The gateway is serving as many requests as it can.' },
  restarting: { title: notNowTitle, sentence: 'The gateway is restarting.' },
  unchecked: { title: notNowTitle, sentence: 'Access rules could not be checked just now.' },
  undecided: { title: ourTitle, sentence: 'The gateway could not decide about this request.' },
  unjudged: { title: ourTitle, sentence: 'This request could not be judged.' },
  mistake: { title: ourTitle, sentence: 'The gateway could not handle this request.' },
} as const satisfies Readonly<Record<string, FailureText>>

const noAnswer = 'The application gave no answer'

/** The application's failures, by kind of Fault. */
export const applicationTexts: Readonly<Record<FaultKind, FailureText>> = {
  unreachable: {
    title: 'The application is not reachable',
    sentence: 'The practice application cannot be reached at the moment.',
  },
  timeout: {
    title: 'The application takes too long',
    sentence: 'The practice application did not answer in time.',
  },
  refused: { title: noAnswer, sentence: 'The practice application refused the connection.' },
  untrusted: {
    title: noAnswer,
    sentence: 'The practice application could not prove that it is the right one.',
  },
  reset: { title: noAnswer, sentence: 'The practice application closed the connection.' },
  garbage: { title: noAnswer, sentence: 'The practice application gave an answer that is not HTTP.' },
  truncated: { title: noAnswer, sentence: 'The answer of the practice application broke off.' },
  full: { title: noAnswer, sentence: 'The answer of the practice application was too large here.' },
  closed: { title: noAnswer, sentence: 'The connection to the practice application was closed.' },
}

/** The heading over every one of `requestTexts`. */
export const badRequestTitle = 'This request cannot be answered'

/** What is wrong with a request that is not read on. None quotes anything of it. */
export const requestTexts = {
  noSuchHost: 'No application answers to this host name here.',
  noWebSocket: 'A WebSocket cannot be opened here.',
  codings: 'The only transfer coding is chunked.',
  twoLengths: 'The request has both Content-Length and Transfer-Encoding.',
  oldCodings: 'HTTP/1.0 has no transfer codings.',
  length: 'The Content-Length is not one number.',
  upgradeBody: 'A request to upgrade has no body.',
  handshake: 'The WebSocket handshake is not one of RFC 6455, version 13.',
  version: 'This gateway speaks HTTP/1.1.',
  manyHeaders: 'The request has too many headers.',
  largeHead: 'The head of the request is too large.',
  longTarget: 'The target is too long.',
  trace: 'TRACE is not answered.',
  hosts: 'The request does not name exactly one host.',
  expectation: 'The only expectation is 100-continue.',
  pathControls: 'The path has a control character or a backslash.',
  dotSegment: 'The path has a dot segment.',
  pathUtf8: 'The path is not UTF-8.',
  manyReadings: 'The path can be read in too many ways.',
  targetCharacter: 'The target has a character that does not belong in one.',
  percentEscape: 'The path has a broken percent escape.',
  forwardProxy: 'This is no forward proxy.',
  targetForm: 'The target is neither a path nor an http URL.',
  hostDisagrees: 'The URL and the Host header disagree.',
  streamHead: 'The head is not one of HTTP/2.',
  connectionHeader: 'HTTP/2 has no headers of one connection.',
  otherLength: 'The Content-Length is not that of the content.',
} as const

/** What a reverse proxy is told that asks before it passes a request on, or its client. */
export const forwardAuthTexts = {
  notHeard: { title: 'Not heard', sentence: 'This proxy may not ask here.' },
  notUnderstood: {
    title: 'Not understood',
    sentence: 'The proxy must set X-Forwarded-Method, -Proto, -Host, -Uri and -For, once each.',
  },
  misleading: {
    title: 'Not through here',
    sentence: 'Your request has a header by which the application could take it for another one.',
  },
  notHere: {
    title: 'Not through here',
    sentence: 'Sign-ins, sign-outs and the gateway’s own pages must be proxied to the gateway itself.',
  },
  noSuchHost: { title: 'Not here', sentence: requestTexts.noSuchHost },
  again: { title: 'Please try again', sentence: 'Your request was not sent.' },
  mistake: { title: ourTitle, sentence: 'This could not be judged.' },
} as const satisfies Readonly<Record<string, FailureText>>
