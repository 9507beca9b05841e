// SPDX-License-Identifier: MIT
#include "delivery/ledger/entry.h"
#include "support.h"

#include <doctest/doctest.h>

#include <limits>
#include <string>

using namespace landfall;
using namespace landfall::delivery::ledger;

namespace {

entry whole() {
    return {test::noon + 123'456'789,
            event::acknowledged,
            "weather",
            "noaa20-2026-11-24-0012",
            "noaa20",
            leaf_hash({}),
            786'432,
            881,
            test::noon,
            test::noon + 1,
            "none of it"};
}

} // namespace

TEST_CASE("ledger/entry: the format, member by member") {
    CHECK(*entry_text(whole()) ==
          R"({"time":"2026-11-24T12:00:00.123456789Z","event":"acknowledged","tenant":"weather",)"
          R"("contact":"noaa20-2026-11-24-0012","carrier":"noaa20",)"
          R"("segment":"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",)"
          R"("octets":786432,"frames":881,"first":"2026-11-24T12:00:00.000000000Z",)"
          R"("last":"2026-11-24T12:00:00.000000001Z","reason":"none of it"})");
    CHECK(*entry_text({}) == R"({"time":"1970-01-01T00:00:00.000000000Z","event":"started"})");
}

TEST_CASE("ledger/entry: every member alone comes back as it went") {
    for (unsigned members = 0; members < 1U << 9; ++members) {
        const auto has = [&](unsigned bit) { return (members >> bit & 1U) != 0; };
        entry what = whole();
        what.tenant = has(0) ? what.tenant : "";
        what.contact = has(1) ? what.contact : "";
        what.carrier = has(2) ? what.carrier : "";
        what.segment = has(3) ? what.segment : std::nullopt;
        what.octets = has(4) ? ~std::uint64_t{0} : 0;
        what.frames = has(5) ? 1 : 0;
        what.first = has(6) ? 1 : 0;
        what.last = has(7) ? what.last : 0;
        what.reason = has(8) ? what.reason : "";
        what.what = static_cast<event>(members % event_count);
        const auto text = entry_text(what);
        REQUIRE(text);
        CHECK(parse_entry(*text) == what);
    }
}

TEST_CASE("ledger/entry: every cut is refused, and what is taken otherwise is written the same") {
    const std::string text = *entry_text(whole());
    for (std::size_t cut = 0; cut < text.size(); ++cut) {
        CHECK_FALSE(parse_entry(text.substr(0, cut)));
    }
    for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
        std::string other = text;
        other[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(other[bit / 8]) ^ 1U << bit % 8);
        const auto parsed = parse_entry(other);
        if (parsed) {
            CHECK(*entry_text(*parsed) == other);
        } else {
            CHECK(name(parsed.error()) != nullptr);
        }
    }
    CHECK_FALSE(parse_entry(text + " "));
    CHECK_FALSE(parse_entry(R"({"event":"started","time":"1970-01-01T00:00:00.000000000Z"})"));
    CHECK_FALSE(parse_entry(R"({,"time":"1970-01-01T00:00:00.000000000Z","event":"started"})"));
    CHECK(parse_entry(R"({"time":"1970-01-01T00:00:00.000000000Z","event":"nothing"})").error() ==
          entry_error::event);
    CHECK(parse_entry(R"({"time":"1970-01-01T00:00:60.000000000Z","event":"started"})").error() ==
          entry_error::value);
}

TEST_CASE("ledger/entry: names and instants that it cannot have") {
    for (const char* bad : {"a\"b", "a\\b", "a\nb", "\u00e9", "\x7f"}) {
        entry what = whole();
        what.contact = bad;
        CHECK(entry_text(what).error() == entry_error::name);
    }
    entry what = whole();
    what.tenant.assign(most_name_characters, 'a');
    CHECK(entry_text(what));
    what.tenant += 'a';
    CHECK(entry_text(what).error() == entry_error::name);
    for (const unix_ns bad :
         {unix_ns{-1}, std::numeric_limits<unix_ns>::max(), std::numeric_limits<unix_ns>::min()}) {
        what = whole();
        what.last = bad;
        CHECK(entry_text(what).error() == entry_error::time);
    }
    CHECK(instant_text(951'782'400'000'000'000) == "2000-02-29T00:00:00.000000000Z");
    CHECK(parse_instant("2000-02-29T23:59:59.999999999Z") == 951'868'799'999'999'999);
    for (const char* bad :
         {"2001-02-29T00:00:00.000000000Z", "2000-13-01T00:00:00.000000000Z",
          "2000-01-01T24:00:00.000000000Z", "2000-01-01T00:60:00.000000000Z",
          "2000-01-01 00:00:00.000000000Z", "2262-01-01T00:00:00.000000000Z",
          "1969-12-31T23:59:59.999999999Z", "2000-01-01T00:00:00.00000000Z", ""}) {
        CHECK_FALSE(parse_instant(bad));
    }
}
