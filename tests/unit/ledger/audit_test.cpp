// SPDX-License-Identifier: MIT
#include "delivery/ledger/audit.h"
#include "delivery/ledger/lines.h"
#include "support.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace landfall;
using namespace landfall::delivery::ledger;
using test::memory_files;

namespace {

memory_files log_of(const crypto::signing_key& key, std::uint64_t size) {
    memory_files disk;
    auto log = log_writer::open(test::config_of(), disk, key, test::noon);
    REQUIRE(log);
    for (std::uint64_t i = 0; i < size; ++i) {
        REQUIRE(log->append(test::entry_number(i)));
    }
    REQUIRE(log->commit(test::noon));
    return disk;
}

bool names(const audit_report& report, const std::string& path) {
    return std::ranges::any_of(report.findings,
                               [&](const finding& each) { return each.path == path; });
}

/// Files that `audit` is to watch.
std::vector<std::string> watched(const memory_files& disk) {
    std::vector<std::string> paths;
    for (const std::string& path : disk.all()) {
        if (path.starts_with("log/tile/") || path.starts_with("log/checkpoint")) {
            paths.push_back(path);
        }
    }
    return paths;
}

} // namespace

TEST_CASE("ledger/audit: a flipped bit in any file is found and named, the rest is checked") {
    const auto key = test::key_of(1);
    const memory_files good = log_of(key, 1500);
    std::mt19937 random(3);
    REQUIRE(test::audit_of(const_cast<memory_files&>(good), key).good());
    for (const std::string& path : watched(good)) {
        for (int run = 0; run < 8; ++run) {
            memory_files disk = good;
            auto& content = disk.poke(path);
            std::size_t at = random() % content.size();
            if (path.ends_with("minisig")) {
                at = content.size() - 1 - random() % 100; // its first line is not signed
            }
            content[at] ^= static_cast<std::uint8_t>(1U << random() % 8);
            const auto report = test::audit_of(disk, key);
            INFO(path << " octet " << at);
            CHECK_FALSE(report.good());
            CHECK(names(report, path.substr(4)));
            if (path.starts_with("log/tile/entries")) { // lengths shift what is behind them
                CHECK(report.good_entries >= 1500 - 256);
                CHECK(report.good_entries < 1500);
            } else if (path.starts_with("log/tile/")) {
                CHECK(report.good_entries == 1500);
                CHECK(report.finding_count == 1);
            } else if (path == "log/checkpoint") {
                CHECK(report.good_entries == 0);
                CHECK(report.size == 1500);
                CHECK_FALSE(report.state);
            } else {
                CHECK(report.good_entries == 1500);
            }
        }
    }
}

TEST_CASE("ledger/audit: a file that is missing, or cut, is found and named, the rest is checked") {
    const auto key = test::key_of(1);
    const memory_files good = log_of(key, 1500);
    for (const std::string& path : watched(good)) {
        for (const bool gone : {true, false}) {
            memory_files disk = good;
            if (gone) {
                disk.erase(path);
            } else {
                disk.poke(path).resize(disk.poke(path).size() / 2);
            }
            std::uint64_t visited = 0;
            const auto report = audit(disk, "log", test::public_of(key),
                                      [&](std::uint64_t, std::string_view, bool) { ++visited; });
            INFO(path);
            CHECK_FALSE(report.good());
            CHECK(names(report, path.substr(4)));
            if (path.starts_with("log/tile/entries")) {
                CHECK(report.good_entries >= 1500 - 256);
                CHECK(visited >= report.good_entries);
            } else if (path != "log/checkpoint") {
                CHECK(report.good_entries == 1500);
            } else {
                CHECK(visited == 1500);
            }
        }
    }
}

TEST_CASE("ledger/audit: one entry altered is named by its number") {
    const auto key = test::key_of(1);
    memory_files disk = log_of(key, 1500);
    auto& content = disk.poke("log/tile/entries/003");
    const auto text = text_of(content);
    const std::size_t at = text.find("\"octets\":800");
    REQUIRE(at != std::string_view::npos);
    content[at + 9] = '9';
    const auto report = test::audit_of(disk, key);
    REQUIRE(report.findings.size() == 1);
    CHECK(report.findings[0].entry == 800);
    CHECK(report.findings[0].what == damage::altered);
    CHECK(report.good_entries == 1499);
}

TEST_CASE("ledger/audit: two damaged files of one branch are both named") {
    const auto key = test::key_of(1);
    memory_files disk = log_of(key, 1500);
    disk.poke("log/tile/0/002").at(77) ^= 1U;
    disk.poke("log/tile/entries/002").at(77) ^= 1U;
    disk.erase("log/tile/entries/004");
    const auto report = test::audit_of(disk, key);
    CHECK(names(report, "tile/0/002"));
    CHECK(names(report, "tile/entries/002"));
    CHECK(names(report, "tile/entries/004"));
    CHECK(report.good_entries == 1500 - 512);
}

TEST_CASE("ledger/audit: an entry that is signed but is none is told") {
    const auto key = test::key_of(1);
    memory_files disk;
    {
        auto log = log_writer::open(test::config_of(), disk, key, test::noon);
        REQUIRE(log);
    }
    // By hand: one entry "{}".
    const std::vector<std::uint8_t> bundle{0, 2, '{', '}'};
    const digest leaf = leaf_hash(base::octets(bundle).subspan(2));
    REQUIRE(disk.make_folder("log/tile"));
    for (const char* folder :
         {"log/tile/0", "log/tile/0/000.p", "log/tile/entries", "log/tile/entries/000.p"}) {
        REQUIRE(disk.make_folder(folder));
    }
    REQUIRE(disk.put("log/tile/entries/000.p/1", bundle));
    REQUIRE(disk.put("log/tile/0/000.p/1", leaf));
    REQUIRE(disk.put("log/checkpoint",
                     octets_of(sign_checkpoint({"o", {1, leaf}}, "svalbard-1", key))));
    const auto report = test::audit_of(disk, key);
    CHECK(names(report, "tile/entries/000.p/1"));
    CHECK(report.good_entries == 0);
}

TEST_CASE("ledger/audit: an older checkpoint is of this log, or it is told what it is of") {
    const auto key = test::key_of(1);
    memory_files disk;
    auto log = log_writer::open(test::config_of(), disk, key, test::noon);
    std::vector<std::string> notes;
    for (std::uint64_t i = 0; i < 300; ++i) {
        if (i % 20 == 0) {
            REQUIRE(log->commit(test::noon));
            notes.push_back(log->note());
        }
        REQUIRE(log->append(test::entry_number(i)));
    }
    REQUIRE(log->commit(test::noon));
    const checkpoint newest{log->origin(), log->committed()};
    const auto with = [&](const std::string& note) {
        return compare(disk, "log", newest, note, test::public_of(key));
    };
    for (const std::string& note : notes) {
        CHECK(with(note) == history::consistent);
    }
    CHECK(with(log->note()) == history::consistent);
    CHECK(with("") == history::unsigned_checkpoint);
    const auto signed_note = [&](const checkpoint& state) {
        return sign_checkpoint(state, "svalbard-1", key);
    };
    CHECK(with(signed_note({"other", {0, empty_root()}})) == history::other_log);
    CHECK(with(signed_note({newest.origin, {301, newest.tree.root}})) == history::longer);
    CHECK(with(signed_note({newest.origin, {100, newest.tree.root}})) == history::rewritten);
    CHECK(with(signed_note({newest.origin, {300, empty_root()}})) == history::rewritten);
    disk.erase("log/tile/0/000");
    CHECK(with(notes[3]) == history::unknown);
}
