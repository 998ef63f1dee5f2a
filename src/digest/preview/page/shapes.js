/**
 * What the page and the server tell each other, for those who read and for checkers of types; nothing of it runs.
 *
 * @typedef {"email" | "text" | "source" | "headers" | "raw" | "inbox"} Kind
 * @typedef {"light" | "dark" | "inverted" | "partial"} Scheme
 *
 * @typedef {object} View what is looked at, and how; it stands in the page's address
 * @property {string} issue slug; empty until the newsletter is known
 * @property {Kind} view
 * @property {number} width CSS pixels
 * @property {Scheme} scheme
 * @property {boolean} images
 * @property {string} reader id of a subscriber; empty for the example
 * @property {Record<string, string>} fields values that are tried out, by field
 *
 * @typedef {object} Fault
 * @property {string} path
 * @property {number} line
 * @property {number} column
 * @property {string} sentence
 * @property {string} hint
 *
 * @typedef {object} Entry an issue in the list
 * @property {string} slug
 * @property {string} path
 * @property {string} subject
 * @property {string} title
 * @property {number | string | null} number
 * @property {string | null} date
 * @property {string | null} send_at
 * @property {"draft" | "ready"} status
 * @property {boolean} sent
 * @property {boolean} fault
 *
 * @typedef {object} Cut how much of an inbox row a mail program shows, in characters
 * @property {string} client
 * @property {number} subject
 * @property {number} preheader
 *
 * @typedef {object} Newsletter
 * @property {string} name
 * @property {{name: string, email: string}} sender
 * @property {string} language
 * @property {Record<string, string>} fields their defaults
 * @property {Entry[]} issues
 * @property {boolean} can_open
 * @property {boolean} can_test
 * @property {boolean} can_choose_reader not from another machine
 * @property {string} provider
 * @property {Cut[]} cuts
 * @property {number} limit bytes of HTML after which Gmail clips
 * @property {Fault[]} faults
 *
 * @typedef {object} Edition an issue, filled for a reader
 * @property {string} subject
 * @property {string} preheader
 * @property {string} from
 * @property {string} to
 * @property {string} fingerprint
 * @property {string} html
 * @property {string} text
 * @property {[string, string][]} headers
 * @property {string} raw
 * @property {{html: number, encoded: number, text: number, message: number}} sizes bytes
 * @property {Record<string, string>} fields
 * @property {number} words
 * @property {number} minutes
 *
 * @typedef {object} Issue
 * @property {string} slug
 * @property {string} path
 * @property {number} revision
 * @property {Fault[]} faults
 * @property {Edition | null} edition the last good one, if the issue has faults
 *
 * @typedef {"error" | "warning" | "note"} Severity
 *
 * @typedef {object} Finding
 * @property {string} rule
 * @property {Severity} severity
 * @property {string} sentence
 * @property {string} fix
 * @property {string | null} path
 * @property {number | null} line
 * @property {number | null} column
 *
 * @typedef {object} Reader
 * @property {string | number} id
 * @property {string} email
 * @property {string} name
 * @property {Record<string, string>} [fields]
 */
export {};
