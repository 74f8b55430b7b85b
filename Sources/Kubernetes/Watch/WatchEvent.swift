package import JSON

/// What a watch has to tell.
package enum WatchEvent: Sendable, Hashable {
    /// Everything there was has been told as `added`; from here on it is changes.
    case synced(resourceVersion: String)
    case added(JSONValue)
    case modified(JSONValue)
    /// With the object's last state.
    case deleted(JSONValue)
    /// The server no longer knows what has happened since: everything told before is to be forgotten. All there is follows as
    /// `added`, then `synced`.
    case restarted
}
