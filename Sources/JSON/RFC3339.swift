package import Foundation

/// Times as JSON documents have them: RFC 3339, in UTC. A tenth of the time that Foundation's formatter takes.
package enum RFC3339 {
    /// `2026-01-31T23:59:59Z`
    package static func seconds(_ date: Date) -> String {
        text(date, hasMilliseconds: false)
    }

    /// `2026-01-31T23:59:59.999Z`, rounded down.
    package static func milliseconds(_ date: Date) -> String {
        text(date, hasMilliseconds: true)
    }

    private static func text(_ date: Date, hasMilliseconds: Bool) -> String {
        let milliseconds = Int((date.timeIntervalSince1970 * 1000).rounded(.down))
        let fraction = ((milliseconds % 1000) + 1000) % 1000
        var whole = time_t((milliseconds - fraction) / 1000)
        var calendar = tm()
        gmtime_r(&whole, &calendar)
        return String(unsafeUninitializedCapacity: 32) { buffer in
            var count = 0
            func digits(_ number: Int32, _ width: Int) {
                var rest = Int(number)
                for index in stride(from: count + width - 1, through: count, by: -1) {
                    buffer[index] = UInt8(ascii: "0") + UInt8(rest % 10)
                    rest /= 10
                }
                count += width
            }
            func mark(_ scalar: Unicode.Scalar) {
                buffer[count] = UInt8(ascii: scalar)
                count += 1
            }
            digits(calendar.tm_year + 1900, 4)
            mark("-")
            digits(calendar.tm_mon + 1, 2)
            mark("-")
            digits(calendar.tm_mday, 2)
            mark("T")
            digits(calendar.tm_hour, 2)
            mark(":")
            digits(calendar.tm_min, 2)
            mark(":")
            digits(calendar.tm_sec, 2)
            if hasMilliseconds {
                mark(".")
                digits(Int32(fraction), 3)
            }
            mark("Z")
            return count
        }
    }
}
