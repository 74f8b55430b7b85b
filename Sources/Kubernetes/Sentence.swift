/// Text from outside, made fit for a log line.
enum Sentence {
    /// Bytes of UTF-8.
    static let longest = 1_024

    /// Control characters and invisible marks of direction become spaces; what is too long ends in `…`.
    static func clean(_ text: String) -> String {
        var clean = String.UnicodeScalarView()
        var count = 0
        for scalar in text.unicodeScalars {
            let kept = isHarmful(scalar) ? " " : scalar
            let width = UTF8.width(kept)
            guard count + width <= longest - UTF8.width("…") else {
                clean.append("…")
                break
            }
            clean.append(kept)
            count += width
        }
        return String(clean)
    }

    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse: true
        default: false
        }
    }
}
