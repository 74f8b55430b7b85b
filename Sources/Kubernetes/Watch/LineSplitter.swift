/// Cuts a stream of bytes into lines, wherever the pieces were cut, be it within a character.
struct LineSplitter {
    private let longest: Int
    private var buffer: [UInt8] = []
    /// Where the next line begins, and up to where no line end has been found.
    private var start = 0
    private var searched = 0

    /// - Parameter longest: bytes of a line.
    init(longest: Int) {
        self.longest = longest
    }

    mutating func append(_ bytes: [UInt8]) {
        if start > 0 {
            buffer.removeFirst(start)
            searched -= start
            start = 0
        }
        buffer += bytes
    }

    /// The next whole line without its end; nil until more bytes have come. Empty lines are left out.
    mutating func next() -> ArraySlice<UInt8>? {
        while let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = buffer[start..<end]
            start = end + 1
            searched = start
            if line.contains(where: { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: " ") }) { return line }
        }
        searched = buffer.count
        return nil
    }

    /// Whether the line under way is longer than lines may be.
    var isOverlong: Bool { buffer.count - start > longest }
}
