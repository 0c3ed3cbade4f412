// Sentences below the filter: what was meant by text that finds nothing, and which column a name stands for.
swath.hints = (() => {
  const fold = (text) => text.normalize("NFC").toLowerCase();
  const quoted = (text) => (/^[\p{L}\p{N}_.]+$/u.test(text) ? text : `"${text}"`);

  // A condition on a column, from the words that follow its name.
  function condition(name, column, rest) {
    const sign = /above|over|more|greater/iu.test(rest) ? ">" : "<";
    if (column.kind === "number") return `${name} ${sign} ${/[-+]?[\d.]+$/u.exec(rest)?.[0] ?? 20}`;
    const value = rest.replace(/^is\s+/iu, "") || (column.kind === "text" ? column.values.find(Boolean) : "");
    return value ? `${name} = ${quoted(value)}` : name;
  }

  // The expression that plain text may have been meant to be; null where none comes to mind.
  function meant(text, columns, flags, find) {
    const [, not, bare] = /^(not\s+)?(.*)$/isu.exec(text);
    const flag = flags.find((one) => fold(one.name) === fold(bare));
    if (flag) return `${not ? "not " : ""}flag ${flag.name}`;
    const words = bare.split(/\s+/u);
    for (let count = words.length; count > 0; count--) {
      const name = words.slice(0, count).join(" "), column = find(columns, name);
      if (column) return (not ?? "") + condition(name, column, words.slice(count).join(" "));
    }
    const holds = (name) => columns.get(name)?.values.some((value) => fold(value) === fold(bare));
    const name = ["type", "status"].find(holds);
    return name ? `${name} ${not ? "!=" : "="} ${quoted(bare)}` : null;
  }

  // For columns that a filter uses: those that hold where a fit started, while another holds what it found.
  function started(used, columns) {
    const meaning = (name) => columns.get(name).meaning;
    const names = [...used].filter((name) => columns.has(`${name}_fit`) && !/\bfitted\b/u.test(meaning(name)));
    const kept = (name) => meaning(name).split(/[:,]| at /u)[0];
    return names.map((name) => `${name} is the ${kept(name)}; the fitted one is ${name}_fit`).join("\n");
  }

  return { meant, started };
})();
