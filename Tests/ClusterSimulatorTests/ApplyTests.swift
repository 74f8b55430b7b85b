import JSON
import Testing

@testable import ClusterSimulator

struct ApplyTests {
    private func apply(_ text: String, to live: JSONValue?, by manager: String, force: Bool = true) throws -> JSONValue {
        try ServerSideApply.merge(
            try JSONValue(parsing: text), into: live, manager: manager, apiVersion: "v1", force: force, time: "t")
    }

    @Test func `a field that is sent no more goes away, another manager's stays`() throws {
        let first = try apply(#"{"metadata":{"name":"a"},"data":{"a":"1","b":"2"}}"#, to: nil, by: "one")
        let second = try apply(#"{"metadata":{"name":"a"},"data":{"c":"3"}}"#, to: first, by: "two")
        let third = try apply(#"{"metadata":{"name":"a"},"data":{"a":"1"}}"#, to: second, by: "one")
        #expect(third["data"] == ["a": "1", "c": "3"])
    }

    @Test func `the same document again changes nothing`() throws {
        let first = try apply(#"{"metadata":{"name":"a"},"data":{"a":"1"}}"#, to: nil, by: "one")
        #expect(try apply(#"{"metadata":{"name":"a"},"data":{"a":"1"}}"#, to: first, by: "one") == first)
    }

    @Test func `another's field is a conflict, and taken by force`() throws {
        let first = try apply(#"{"metadata":{"name":"a"},"data":{"a":"1"}}"#, to: nil, by: "one")
        #expect(throws: ServerSideApply.Conflict.self) {
            try self.apply(#"{"metadata":{"name":"a"},"data":{"a":"2"}}"#, to: first, by: "two", force: false)
        }
        let taken = try apply(#"{"metadata":{"name":"a"},"data":{"a":"2"}}"#, to: first, by: "two")
        #expect(taken["data"] == ["a": "2"])
        let owners = taken[path: "metadata", "managedFields"]?.array?.compactMap { $0["manager"]?.string }
        #expect(owners == ["two"])
    }

    @Test func `items of a list with keys are merged one by one`() throws {
        let first = try apply(
            #"{"metadata":{"name":"a"},"spec":{"containers":[{"name":"x","image":"1"},{"name":"y","image":"1"}]}}"#, to: nil,
            by: "one")
        let second = try apply(#"{"metadata":{"name":"a"},"spec":{"containers":[{"name":"y","image":"2"}]}}"#, to: first, by: "one")
        #expect(second["spec"] == ["containers": [["name": "y", "image": "2"]]])
    }

    @Test(arguments: [
        ("1000m", "1"), ("1024Mi", "1Gi"), ("500m", "500m"), ("0.5", "500m"), ("1536Mi", "1536Mi"), ("2", "2"), ("0", "0"),
    ])
    func `quantities have one way to be written`(text: String, canonical: String) {
        #expect(Quantity.canonical(text) == canonical)
    }

    @Test func `label selectors choose as the API server does`() throws {
        let object: JSONValue = ["metadata": ["labels": ["a": "b", "tier": "web"]]]
        for (text, fits) in [
            ("a=b", true), ("a==b,tier in (web, db)", true), ("a!=b", false), ("!a", false), ("!x", true),
            ("tier notin (db)", true), ("x", false),
        ] {
            #expect(try LabelSelector(text).matches(object) == fits, "\(text)")
        }
        #expect(throws: APIFailure.self) { try LabelSelector("a===b") }
    }
}
