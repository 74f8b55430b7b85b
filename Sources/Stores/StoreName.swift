/// The name a merchant gives a shop: one line of text, as people read it.
package enum StoreName {
    package static let maximumLength = 63

    /// Why a text cannot be a name, in words that complete «The name …».
    package enum Fault: String, Error {
        case empty = "is empty"
        case tooLong = "is longer than 63 characters"
        case invisible = "holds a control, formatting or invisible character"
    }

    /// The name without the white space around it.
    package static func checked(_ text: String) throws(Fault) -> String {
        // Zero-width and direction marks make two names look like one; line breaks end a header or a cell.
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: throw .invisible
            default: continue
            }
        }
        let words = text.split(whereSeparator: \.isWhitespace)
        guard !words.isEmpty else { throw .empty }
        let name = words.joined(separator: " ")
        guard name.count <= maximumLength, name.utf8.count <= 4 * maximumLength else { throw .tooLong }
        return name
    }
}
