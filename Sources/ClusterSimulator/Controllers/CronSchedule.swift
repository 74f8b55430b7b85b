import Foundation

/// When a CronJob is due: five fields of `*`, numbers, ranges, lists and steps, in UTC. A minute is due where all fields agree; of the two
/// fields of days one is enough where both are restricted (crontab(5)).
struct CronSchedule: Equatable {
    private let minutes, hours, days, months, weekdays: Set<Int>
    private let restrictsDays, restrictsWeekdays: Bool

    /// Nil where the text is no schedule.
    init?(_ text: String) {
        let aliases = [
            "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
            "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
        ]
        let fields = (aliases[text] ?? text).split(separator: " ").map(String.init)
        guard fields.count == 5, let minutes = CronSchedule.numbers(fields[0], 0...59),
            let hours = CronSchedule.numbers(fields[1], 0...23), let days = CronSchedule.numbers(fields[2], 1...31),
            let months = CronSchedule.numbers(fields[3], 1...12), let weekdays = CronSchedule.numbers(fields[4], 0...7)
        else { return nil }
        self.minutes = minutes
        self.hours = hours
        self.days = days
        self.months = months
        self.weekdays = Set(weekdays.map { $0 % 7 })
        restrictsDays = !fields[2].hasPrefix("*")
        restrictsWeekdays = !fields[4].hasPrefix("*")
    }

    private static func numbers(_ field: String, _ range: ClosedRange<Int>) -> Set<Int>? {
        var all: Set<Int> = []
        for part in field.split(separator: ",", omittingEmptySubsequences: false) {
            let sides = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let step = sides.count == 1 ? 1 : Int(sides[1]), step > 0 else { return nil }
            let ends = sides[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { Int($0) }
            let span: ClosedRange<Int>
            switch (sides[0], ends.count) {
            case ("*", _): span = range
            case (_, 1):
                guard let only = ends[0] else { return nil }
                span = only...(sides.count == 1 ? only : max(only, range.upperBound))
            default:
                guard let first = ends[0], let last = ends[1], first <= last else { return nil }
                span = first...last
            }
            guard range.contains(span.lowerBound), range.contains(span.upperBound) else { return nil }
            all.formUnion(stride(from: span.lowerBound, through: span.upperBound, by: step))
        }
        return all
    }

    /// - Parameter date: a whole minute.
    func isDue(at date: Date) -> Bool {
        var seconds = time_t(date.timeIntervalSince1970)
        var time = tm()
        gmtime_r(&seconds, &time)
        guard minutes.contains(Int(time.tm_min)), hours.contains(Int(time.tm_hour)), months.contains(Int(time.tm_mon) + 1) else {
            return false
        }
        let isDay = days.contains(Int(time.tm_mday))
        let isWeekday = weekdays.contains(Int(time.tm_wday))
        return restrictsDays && restrictsWeekdays ? isDay || isWeekday : isDay && isWeekday
    }
}
