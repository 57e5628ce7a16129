// Suggests suppliers and buyers as one types. The form works without it.
// An editable combobox with list autocomplete, after the ARIA Authoring Practices: focus stays in
// the field, and aria-activedescendant says which suggestion is chosen.
"use strict";

const WAIT_MS = 120;

function element(name, attributes, text = "") {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
}

class Suggestions {
    constructor(form) {
        this.address = form.dataset.suggest;
        this.input = form.querySelector("input[type=search]");
        this.list = element("ul", { id: `${this.input.id}-list`, role: "listbox", "aria-label": "Suggestions", hidden: "" });
        this.status = element("div", { role: "status", class: "visually-hidden" });
        this.input.after(this.list);
        form.append(this.status);
        for (const [key, value] of Object.entries({
            role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false",
            "aria-controls": this.list.id,
        })) this.input.setAttribute(key, value);
        this.active = -1;
        this.input.addEventListener("input", () => this.ask());
        this.input.addEventListener("keydown", (event) => this.key(event));
        this.input.addEventListener("blur", () => this.close());
        // A press must not take the focus from the field before the click is done.
        this.list.addEventListener("pointerdown", (event) => event.preventDefault());
        this.list.addEventListener("click", (event) => this.go(event.target.closest("[role=option]")));
    }

    ask() {
        clearTimeout(this.timer);
        this.asked?.abort();
        const typed = this.input.value.trim();
        if (!typed) return this.close();
        this.timer = setTimeout(() => this.fetch(typed), WAIT_MS);
    }

    async fetch(typed) {
        this.asked = new AbortController();
        try {
            const answer = await fetch(`${this.address}?q=${encodeURIComponent(typed)}`, { signal: this.asked.signal });
            if (answer.ok) this.show((await answer.json()).suggestions);
            else this.close();
        } catch {
            // Aborted, or no network: the form still searches.
        }
    }

    show(found) {
        if (document.activeElement !== this.input) return;
        this.active = -1;
        this.input.removeAttribute("aria-activedescendant");
        this.list.replaceChildren(...found.map((party, place) => {
            const option = element("li", { role: "option", id: `${this.list.id}-${place}`, "aria-selected": "false" });
            option.dataset.url = party.url;
            option.append(
                element("span", { class: "suggest-name" }, party.name),
                element("span", { class: "suggest-kind" }, ` ${party.kind}, ${party.amount}`),
            );
            return option;
        }));
        this.expand(found.length > 0);
        this.status.textContent = found.length === 0 ? "No suggestions. Press Enter to search."
            : `${found.length} suggestion${found.length === 1 ? "" : "s"}. Use the up and down arrows.`;
    }

    expand(open) {
        this.list.hidden = !open;
        this.input.setAttribute("aria-expanded", String(open));
    }

    close() {
        clearTimeout(this.timer);
        this.asked?.abort();
        this.choose(-1);
        this.expand(false);
        this.status.textContent = "";
    }

    choose(place) {
        const options = this.list.children;
        this.active = place;
        for (const [n, option] of [...options].entries()) option.setAttribute("aria-selected", String(n === place));
        if (place < 0) return this.input.removeAttribute("aria-activedescendant");
        this.input.setAttribute("aria-activedescendant", options[place].id);
        options[place].scrollIntoView({ block: "nearest" });
    }

    move(step) {
        const count = this.list.children.length;
        if (!count) return;
        this.expand(true);
        // Past either end the field itself is chosen again, as typed.
        this.choose(((this.active + 1 + step + count + 1) % (count + 1)) - 1);
    }

    go(option) {
        if (option) window.location.assign(option.dataset.url);
    }

    key(event) {
        if (event.isComposing || event.ctrlKey || event.metaKey) return;
        const open = !this.list.hidden;
        if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            if (!this.list.children.length) return;
            if (event.altKey) this.expand(event.key === "ArrowDown");
            else this.move(event.key === "ArrowDown" ? 1 : -1);
        } else if (event.key === "Enter" && open && this.active >= 0) {
            this.go(this.list.children[this.active]);
        } else if (event.key === "Escape" && open) {
            this.close();
        } else {
            if (["Home", "End", "ArrowLeft", "ArrowRight"].includes(event.key)) this.choose(-1);
            return;
        }
        event.preventDefault();
    }
}

for (const form of document.querySelectorAll("form[data-suggest]")) new Suggestions(form);
