// SPDX-License-Identifier: MIT
#include "config/document.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>

using namespace landfall::config;

namespace {

std::string error_of(std::string text) {
    diagnostics errors;
    const auto root = parse_document({"f", std::move(text)}, errors);
    CHECK_FALSE(root.has_value());
    CHECK(errors.list().size() == 1);
    return errors.text();
}

entry assignment(std::string text) {
    diagnostics errors;
    const auto one = parse_assignment({"--set", std::move(text)}, errors);
    REQUIRE(one.has_value());
    CHECK(errors.empty());
    return *one;
}

} // namespace

TEST_CASE("config/document: every kind of value has its place") {
    diagnostics errors;
    const auto root = parse_document(
        {"f", "b = true\ni = 7\nn = 2.5\nt = \"x\"\nd = 2024-01-01\nl = [1, 2]\n[[c]]\n k = 'v'\n"},
        errors);
    REQUIRE(root.has_value());
    REQUIRE(root->entries.size() == 7);
    CHECK(root->entries[0].item.kind == value_kind::boolean);
    CHECK(root->entries[1].item.kind == value_kind::list); // c
    CHECK(root->entries[1].item.items[0].entries[0].at == position{8, 2});
    CHECK(root->entries[1].item.items[0].entries[0].item.at == position{8, 6});
    CHECK(root->entries[2].item.kind == value_kind::time);
    CHECK(root->entries[3].item.integer == 7);
    CHECK(root->entries[3].item.number == 7.0);
    CHECK(root->entries[4].item.items.size() == 2);
    CHECK(root->entries[5].item.number == 2.5);
    CHECK(root->entries[6].item.text == "x");
}

TEST_CASE("config/document: a syntax error is one error with a position") {
    CHECK(error_of("a = 1\nb = = 2\n").starts_with("f:2:5: error: "));
    CHECK(error_of("a = 1\na = 2\n").starts_with("f:2:"));
    CHECK(error_of("a = \"open\n").starts_with("f:1:"));
    CHECK(error_of("[[\na]]\n") ==
          "f:1:1: error: not valid TOML\n    [[\n    ^\n"); // an assertion of the library
    CHECK(error_of("a = \xC3\xA9\n").starts_with("f:1:5:"));
    CHECK(error_of("\xCE\xA2 = 1\n").starts_with("f:1:1:"));
    CHECK(error_of("a = \xFF\n").starts_with("f:1:"));
    CHECK(error_of(std::string("a = 1\nb\0 = 2\n", 13)).starts_with("f:2:"));
}

TEST_CASE("config/document: text without its quotes is told as such, whatever it begins with") {
    const auto told = [](const std::string& line, unsigned column, const std::string& typed) {
        INFO(line);
        CHECK(error_of("a = 1\n" + line + "\n")
                  .starts_with(
                      fmt::format("f:2:{}: error: text needs quotes: \"{}\"\n", column, typed)));
    };
    told("mission = gk2a", 11, "gk2a");
    told("mission = gk2a # note", 11, "gk2a");
    told("udp = 10.77.0.7:50011", 7, "10.77.0.7:50011");
    told("device = net_af_packet,iface=rf0", 10, "net_af_packet,iface=rf0");
    told("mtu = 1500 B", 7, "1500 B");
    told("name = infra\r", 8, "infra");
    told("name = true-north", 8, "true-north");
    told("address = [192.0.2.10/24]", 12, "192.0.2.10/24");
    told("to = [\"a\", b]", 12, "b");
    told("to = [\"\xC3\xA9\", b]", 12, "b");
    for (const char* line : {"n = 0xzz", "n = 1 2", "n = True", "n = \"x", "n = [1, 2",
                             "n = ", "n = {a = 1", "x # y = z", "\"a = b\" = \"c\" d"}) {
        INFO(line);
        CHECK(error_of(std::string(line) + "\n").find("quotes") == std::string::npos);
    }
}

TEST_CASE("config/document: depth and size are bounded") {
    error_of("a = " + std::string(100'000, '['));
    std::string tables = "a = ";
    for (int i = 0; i < 10'000; ++i)
        tables += "{a=";
    error_of(tables);
    std::string dots = "a";
    for (int i = 0; i < 100'000; ++i)
        dots += ".a";
    CHECK(error_of(dots + " = 1").starts_with("f:1:402: error: more than 200 dots in one line\n"));
    CHECK(error_of(std::string(file_octets_max + 1, '#')) ==
          "f: error: larger than 262144 octets\n");
}

TEST_CASE("config/document: a file that cannot be read says why") {
    diagnostics errors;
    CHECK_FALSE(read_file("/nowhere/at/all.toml", errors).has_value());
    CHECK_FALSE(read_file("/dev/null", errors).has_value());
    CHECK_FALSE(read_file("/proc", errors).has_value());
    CHECK(errors.text() == "/nowhere/at/all.toml: error: no such file\n"
                           "/dev/null: error: not a regular file\n"
                           "/proc: error: not a regular file\n");
}

TEST_CASE("config/document: an assignment is a TOML value, or else text") {
    CHECK(assignment("a=1").item.integer == 1);
    CHECK(assignment("a=1").item.typed == "1");
    CHECK(assignment(" a = 1e6 ").item.number == 1e6);
    CHECK(assignment("a=true").item.boolean);
    CHECK(assignment("a=\"x\"").item.text == "x");
    CHECK(assignment("a=qpsk").item.text == "qpsk");
    CHECK(assignment("a=1/2").item.text == "1/2");
    CHECK(assignment("a=").item.text.empty());
    CHECK(assignment("a=1\nb=2").item.text == "1\nb=2");
    CHECK(assignment("a=x # y").item.text == "x # y");
    CHECK(assignment("a=b=c").item.text == "b=c");

    diagnostics errors;
    CHECK_FALSE(parse_assignment({"--set", "qpsk"}, errors).has_value());
    CHECK_FALSE(parse_assignment({"--set", "=qpsk"}, errors).has_value());
    CHECK_FALSE(parse_assignment({"--set", ""}, errors).has_value());
    CHECK(errors.text() == "--set: error: expected KEY=VALUE\n    qpsk\n    ^\n"
                           "--set: error: expected KEY=VALUE\n    =qpsk\n    ^\n"
                           "--set: error: expected KEY=VALUE\n");
}
