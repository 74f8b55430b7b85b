import Kubernetes

extension String {
    /// Without control characters and ANSI sequences, cut at a number of characters: text from a cluster is anybody's text.
    package func asOneLine(limit: Int) -> String {
        var line = ""
        var isEscape = false
        for scalar in unicodeScalars.prefix(limit * 4) {
            if isEscape {
                isEscape = !("A"..."z").contains(scalar) || scalar == "["
            } else if scalar == "\u{1B}" {
                isEscape = true
            } else if scalar.value < 0x20 || scalar.value == 0x7F {
                if !line.hasSuffix(" ") { line.append(" ") }
            } else {
                line.unicodeScalars.append(scalar)
            }
        }
        return line.count > limit ? String(line.prefix(limit - 1)) + "…" : line
    }
}

extension Condition {
    /// The message, fit to be part of a sentence.
    var words: String { (message ?? reason ?? type).asOneLine(limit: 400) }
}
