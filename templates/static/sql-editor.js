// The SQL editor in comfort: coloured where CodeMirror is on the page, put in order on request, run by
// Ctrl and Enter, and a click on a name of the schema puts it in. The form works without it.
"use strict";

const area = document.getElementById("sql-editor");

// What both kinds of editor can do, so that the rest need not know which one it is.
function plain() {
    return {
        get: () => area.value,
        set: (text) => { area.value = text; },
        insert: (text) => {
            area.focus();
            area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
        },
    };
}

function coloured() {
    const label = area.labels[0];
    const editor = CodeMirror.fromTextArea(area, {
        mode: "text/x-sql", lineNumbers: true, lineWrapping: true, inputStyle: "contenteditable",
        viewportMargin: Infinity,
        // The Tab key goes on to the next part of the page, as everywhere.
        extraKeys: { Tab: false, "Shift-Tab": false, "Ctrl-Enter": run, "Cmd-Enter": run, "Shift-Enter": run },
    });
    const field = editor.getInputField();
    field.setAttribute("role", "textbox");
    field.setAttribute("aria-multiline", "true");
    field.setAttribute("aria-label", label.textContent);
    label.addEventListener("click", () => editor.focus());
    return {
        get: () => editor.getValue(),
        set: (text) => editor.setValue(text),
        insert: (text) => { editor.replaceSelection(text); editor.focus(); },
    };
}

function run() {
    area.form.requestSubmit();
}

function button(text, className, press) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = className;
    made.textContent = text;
    made.addEventListener("click", press);
    return made;
}

if (area) {
    const editor = window.CodeMirror ? coloured() : plain();
    area.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        run();
    });
    if (window.sqlFormatter) {
        const format = button("Format SQL", "secondary", () => editor.set(sqlFormatter.format(editor.get())));
        area.form.querySelector("button[type=submit]").after(" ", format);
    }
    for (const name of document.querySelectorAll("[data-insert]")) {
        const made = button(name.textContent, "insert", () => editor.insert(name.textContent));
        made.title = "Put it into the editor";
        name.replaceChildren(made);
    }
    for (const field of document.querySelectorAll(".to-copy")) {
        field.addEventListener("focus", () => field.select());
    }
}
