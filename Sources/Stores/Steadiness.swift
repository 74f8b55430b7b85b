package import struct Foundation.Date

/// How steadily a store that was ready stays so. One that falls and rises by turns is called ready again only after a while that grows with
/// each fall, so that its timeline tells of it and is not filled by it.
package struct Steadiness: Sendable, Hashable {
    /// How often it has become unwell in the present spell.
    package var relapses: Int
    package var relapsedAt: Date?
    /// Since when it looks well while it is still called degraded.
    package var wellSince: Date?

    /// A relapse so long after the last begins a new spell.
    static let spell: Double = 900

    package init(relapses: Int = 0, relapsedAt: Date? = nil, wellSince: Date? = nil) {
        self.relapses = relapses
        self.relapsedAt = relapsedAt
        self.wellSince = wellSince
    }

    /// Seconds for which it must look well before it is called ready: none after a first fall, then 10, 20, 40 … up to 300.
    package var trial: Double {
        relapses < 2 ? 0 : min(300, 10 * Double(1 << min(relapses - 2, 10)))
    }

    /// Seconds that are left of the trial.
    package func remainder(at now: Date) -> Double {
        max(0, trial - (wellSince.map { now.timeIntervalSince($0) } ?? 0))
    }

    package func afterRelapse(at now: Date) -> Steadiness {
        let isSameSpell = relapsedAt.map { now.timeIntervalSince($0) < Steadiness.spell } ?? false
        return Steadiness(relapses: isSameSpell ? relapses + 1 : 1, relapsedAt: now)
    }

    /// - Parameter isWell: what was seen of it while it is degraded.
    package func seen(well isWell: Bool, at now: Date) -> Steadiness {
        Steadiness(relapses: relapses, relapsedAt: relapsedAt, wellSince: isWell ? wellSince ?? now : nil)
    }
}
