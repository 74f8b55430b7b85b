import HTTP
import Stores

extension HTTPFields {
    /// `RateLimit-Policy` and `RateLimit` as draft-ietf-httpapi-ratelimit-headers has them since its revision 08: the policy's quota `q` in
    /// a window of `w` seconds; what remains, `r`, and after how many seconds, `t`, there is more.
    init(limits verdicts: [RateLimit.Verdict]) {
        self.init()
        guard !verdicts.isEmpty else { return }
        let policies = verdicts.map { "\"\($0.limit.name)\";q=\($0.limit.requests);w=\($0.limit.window)" }
        add("RateLimit-Policy", policies.joined(separator: ", "))
        add("RateLimit", verdicts.map { "\"\($0.limit.name)\";r=\($0.remaining);t=\($0.seconds)" }.joined(separator: ", "))
    }
}
