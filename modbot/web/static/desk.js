// The behaviour of the screens. Everything works without it, by the forms and links alone.
import "./keys.js";
import "./palette.js";
import "./case.js";
import "./queue.js";
import "./undo.js";
import "./announce.js";
import "./session.js";
