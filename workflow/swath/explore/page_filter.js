// The filter's little language: `MAG_r < 20 and (chi2_r > 3 or flag POOR_FIT)`; plain text is searched in the IDs.
swath.filter = (() => {
  class Mistake extends Error {}

  const NUMBER = /^(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?(?![\p{L}\p{N}_])/u;
  const EXPRESSION = [/[<>=~!()"'`]|&&|\|\|/u, /^(not\s+)?flag\s+\S/iu, /\s(and|or|[&|])\s/iu];
  const OPERATORS = ["<=", ">=", "==", "!=", "<>", "!~", "<", ">", "=", "~", "(", ")", "+", "-", "*", "/"];
  const COMPARE = {
    "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b,
    "=": (a, b) => a === b, "!=": (a, b) => a !== b,
  };
  const FUNCTIONS = { abs: Math.abs, sqrt: Math.sqrt, log10: Math.log10, exp: Math.exp };
  const SPELLINGS = { "==": "=", "<>": "!=", "&&": "and", "||": "or", "&": "and", "|": "or" };
  const fold = (text) => text.normalize("NFC").toLowerCase();

  // The column that a name means: as spelt, then with _fit, then the same in any case; null for none.
  function find(columns, name) {
    for (const wanted of [name, `${name}_fit`]) if (columns.has(wanted)) return columns.get(wanted);
    for (const wanted of [name, `${name}_fit`]) {
      const found = [...columns.values()].filter((column) => fold(column.name) === fold(wanted));
      if (found.length > 1) {
        throw new Mistake(`“${name}” could be ${found.map((column) => column.name).join(" or ")}`);
      }
      if (found.length) return found[0];
    }
    return null;
  }

  // Names as they may be written: in full, and without _fit.
  const both = (name) => [name, name.replace(/_fit$/u, "")];
  const spellings = (columns) => [...new Set([...columns.keys()].flatMap(both))];

  function tokens(text, columns) {
    const names = spellings(columns).filter((name) => /[^\p{L}\p{N}_]/u.test(name)).sort((a, b) => b.length - a.length);
    const out = [];
    let at = 0;
    const push = (kind, value, length) => { out.push({ kind, value, at }); at += length; };
    while (at < text.length) {
      const rest = text.slice(at);
      const known = names.find((name) => rest.startsWith(name) && !/^[\p{L}\p{N}_]/u.test(rest.slice(name.length)));
      let match;
      if ((match = /^\s+/u.exec(rest))) at += match[0].length;
      else if (known) push("word", known, known.length);
      else if ((match = /^"([^"]*)"|^'([^']*)'/u.exec(rest))) push("text", match[1] ?? match[2], match[0].length);
      else if ((match = /^`([^`]*)`/u.exec(rest))) push("word", match[1], match[0].length);
      else if (/^["'`]/u.test(rest)) throw new Mistake(`the quote ${rest[0]} is not closed`);
      else if ((match = NUMBER.exec(rest))) push("number", match[0], match[0].length);
      else if ((match = /^(&&?|\|\|?)/u.exec(rest))) push("word", SPELLINGS[match[0]], match[0].length);
      else if ((match = /^[\p{L}\p{N}_][\p{L}\p{N}_.]*/u.exec(rest))) push("word", match[0], match[0].length);
      else {
        const operator = OPERATORS.find((sign) => rest.startsWith(sign));
        if (!operator) throw new Mistake(`“${rest[0]}” has no meaning here`);
        push("sign", SPELLINGS[operator] ?? operator, operator.length);
      }
    }
    return out;
  }

  // Nodes: {kind: number | text | truth, get(row)}; words that are no column are {kind: word}.
  function parser(list, columns, flags, used) {
    let next = 0;
    const peek = () => list[next];
    const said = (token) => (token ? `“${token.value}”` : "the end");
    const isWord = (word) => peek()?.kind === "word" && fold(peek().value) === word;
    const isSign = (...signs) => peek()?.kind === "sign" && signs.includes(peek().value);
    const takes = (test) => (test ? list[next++] : null);

    function truth(node, where) {
      if (node.kind === "truth") return node;
      const name = node.name ?? node.word ?? node.raw;
      if (node.kind === "word") resolve(node);
      const what = name ? `“${name}”` : "what stands";
      throw new Mistake(`${what} ${where} is no condition; compare it, as in ${name ?? "x"} < 20`);
    }
    function resolve(node) {
      if (node.kind !== "word") return node;
      const hint = nearest(node.word, spellings(columns));
      throw new Mistake(`no column “${node.word}”${hint ? `; did you mean ${hint}?` : ""}`);
    }
    function number(node) {
      const resolved = resolve(node);
      if (resolved.kind === "number") return resolved.get;
      const what = resolved.kind === "text" ? "text" : "true or false";
      throw new Mistake(`${resolved.name ?? "what is compared"} is ${what}, no number`);
    }

    function either() {
      let left = both();
      while (takes(isWord("or"))) {
        const a = truth(left, "before or").get, b = truth(both(), "after or").get;
        left = { kind: "truth", get: (row) => a(row) || b(row) };
      }
      return left;
    }
    function both() {
      let left = inverse();
      while (takes(isWord("and"))) {
        const a = truth(left, "before and").get, b = truth(inverse(), "after and").get;
        left = { kind: "truth", get: (row) => a(row) && b(row) };
      }
      return left;
    }
    function inverse() {
      if (!takes(isWord("not"))) return comparison();
      const inner = truth(inverse(), "after not").get;
      return { kind: "truth", get: (row) => !inner(row) };
    }
    function comparison() {
      let left = sum();
      let all = null;
      while (isSign("<", "<=", ">", ">=", "=", "!=", "~", "!~")) {
        const sign = list[next++].value;
        if (!peek()) throw new Mistake(`something is missing after ${sign}`);
        const right = sum();
        const one = compare(left, sign, right), before = all;
        all = before ? (row) => before(row) && one(row) : one;
        left = right;
      }
      return all ? { kind: "truth", get: all } : left;
    }
    function compare(left, sign, right) {
      const literal = left.kind === "word" || left.raw !== undefined;
      const swapped = literal && right.kind === "text" && right.name && ["=", "!="].includes(sign);
      if (swapped) return compare(right, sign, left);
      resolve(left);
      if (left.kind === "text") return compareText(left, sign, right);
      if (right.kind === "word" && fold(right.word) === "nan" && left.kind === "number" && ["=", "!="].includes(sign)) {
        return (row) => Number.isNaN(left.get(row)) === (sign === "=");
      }
      if (left.kind === "truth") {
        const said = { true: true, false: false, 1: true, 0: false }[fold(String(right.word ?? right.raw ?? ""))];
        if (said === undefined || !["=", "!="].includes(sign)) {
          throw new Mistake(`${left.name ?? "a condition"} is true or false; write = true or = false`);
        }
        return (row) => (left.get(row) === said) === (sign === "=");
      }
      if (sign.endsWith("~")) throw new Mistake(`${left.name ?? "a number"} is a number; ~ looks for text`);
      const a = number(left), b = number(right), test = COMPARE[sign];
      return (row) => { const p = a(row), q = b(row); return p === p && q === q && test(p, q); };
    }
    function compareText(left, sign, right) {
      const given = right.kind === "text" ? right.get : null;
      const literal = right.word ?? right.raw;
      if (!given && literal === undefined) {
        throw new Mistake(`${left.name ?? "a text"} is text and cannot be compared with a number`);
      }
      const other = given ?? (() => literal);
      if (sign === "=" || sign === "!=") return (row) => (fold(left.get(row)) === fold(other(row))) === (sign === "=");
      if (sign.endsWith("~")) return (row) => fold(left.get(row)).includes(fold(other(row))) === (sign === "~");
      throw new Mistake(`${left.name ?? "a text"} is text: use = or != for all of it, ~ for a part`);
    }
    function sum() {
      let left = product();
      while (isSign("+", "-")) {
        const minus = list[next++].value === "-", a = number(left), b = number(product());
        left = { kind: "number", get: minus ? (row) => a(row) - b(row) : (row) => a(row) + b(row) };
      }
      return left;
    }
    function product() {
      let left = signed();
      while (isSign("*", "/")) {
        const times = list[next++].value === "*", a = number(left), b = number(signed());
        left = { kind: "number", get: times ? (row) => a(row) * b(row) : (row) => a(row) / b(row) };
      }
      return left;
    }
    function signed() {
      if (takes(isSign("+"))) return signed();
      if (!takes(isSign("-"))) return primary();
      const inner = number(signed());
      return { kind: "number", get: (row) => -inner(row) };
    }
    function primary() {
      const token = list[next++];
      if (!token) throw new Mistake("the expression ends too early");
      if (token.kind === "text") return { kind: "text", get: () => token.value };
      if (token.kind === "number") return { kind: "number", raw: token.value, get: () => +token.value };
      if (token.kind === "sign") {
        if (token.value !== "(") throw new Mistake(`a value or column is missing before ${said(token)}`);
        const inner = either();
        if (!takes(isSign(")"))) throw new Mistake("a closing bracket ) is missing");
        return inner;
      }
      const word = fold(token.value);
      if (word === "flag" && peek()?.kind === "word") return flag(list[next++].value);
      if (FUNCTIONS[word] && isSign("(")) {
        const inner = number(primary()), apply = FUNCTIONS[word];
        return { kind: "number", get: (row) => apply(inner(row)) };
      }
      if (word === "not") throw new Mistake("“not” stands before a condition; put texts of several words in quotes");
      if (["and", "or"].includes(word)) throw new Mistake(`a condition is missing before ${said(token)}`);
      const column = find(columns, token.value);
      if (!column) return { kind: "word", word: token.value };
      used.add(column.name);
      return { kind: column.kind, name: column.name, word: token.value, get: column.get };
    }
    function flag(name) {
      const found = flags.find((one) => fold(one.name) === fold(name));
      const hint = nearest(name, flags.map((one) => one.name));
      if (!found) throw new Mistake(`no flag “${name}”${hint ? `; did you mean ${hint}?` : ""}`);
      const bits = columns.get("fit_flags").get;
      return { kind: "truth", get: (row) => (bits(row) & found.bit) !== 0 };
    }

    return () => {
      const node = truth(either(), "here");
      if (peek()) {
        throw new Mistake(isSign(")") ? "a bracket ) is closed that was never opened"
          : `${said(peek())} does not belong here; join conditions with and / or, and quote texts of several words`);
      }
      return node.get;
    };
  }

  function nearest(word, names) {
    const target = fold(word);
    const within = names.find((name) => target.length > 2 && fold(name).startsWith(target));
    if (within) return within;
    const ranked = names.map((name) => [distance(target, fold(name)), name]).sort((a, b) => a[0] - b[0]);
    return ranked.length && ranked[0][0] <= Math.max(1, target.length / 3) ? ranked[0][1] : null;
  }
  function distance(a, b) {
    let row = Array.from({ length: b.length + 1 }, (_, j) => j);
    for (let i = 1; i <= a.length; i++) {
      const previous = row;
      row = [i];
      for (let j = 1; j <= b.length; j++) {
        row[j] = Math.min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a[i - 1] !== b[j - 1]));
      }
    }
    return row[b.length];
  }

  // A test of rows, null to let all pass, and the names of the columns that it uses: {test, used}.
  // Throws Mistake with a sentence for people.
  function compile(text, columns, flags) {
    const trimmed = text.trim(), used = new Set(), lone = columns.get(trimmed);
    if (!trimmed) return { test: null, used };
    if (lone?.kind === "truth") return { test: lone.get, used };
    const expression = EXPRESSION.some((sign) => sign.test(trimmed));
    if (expression) return { test: parser(tokens(trimmed, columns), columns, flags, used)(), used };
    const wanted = fold(trimmed), ident = columns.get("ID"), holds = (id) => fold(id).includes(wanted);
    const meant = ident.values.some(holds) ? null : swath.hints.meant(trimmed, columns, flags, find);
    if (meant) throw new Mistake(`no ID holds “${trimmed}”; did you mean ${meant}?`);
    return { test: (row) => holds(ident.get(row)), used };
  }

  return { compile, Mistake };
})();
