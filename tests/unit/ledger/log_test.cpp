// SPDX-License-Identifier: MIT
// Logs on a file system that fails and loses power.
#include "delivery/ledger/lines.h"
#include "delivery/ledger/log_reader.h"
#include "delivery/ledger/log_writer.h"
#include "delivery/ledger/minisign.h"
#include "support.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

using namespace landfall;
using namespace landfall::delivery::ledger;
using test::memory_files;

namespace {

using opened = std::expected<log_writer, log_failure>;

opened open_log(memory_files& disk, const crypto::signing_key& key, unix_ns now = test::noon) {
    opened log = log_writer::open(test::config_of(), disk, key, now);
    if (!log) {
        INFO("open: " << name(log.error().error) << " " << log.error().path);
        CHECK(log.error().error == log_error::storage);
    }
    return log;
}

std::string text_number(std::uint64_t number) {
    return *entry_text(test::entry_number(number));
}

void append_up_to(log_writer& log, std::uint64_t size) {
    for (std::uint64_t at = log.committed().size + log.pending(); at < size; ++at) {
        REQUIRE(log.append(test::entry_number(at)) == at);
    }
}

/// A folder with a log of `size` entries, everything on the disk.
memory_files log_of(const crypto::signing_key& key, std::uint64_t size) {
    memory_files disk;
    auto log = open_log(disk, key);
    REQUIRE(log);
    append_up_to(*log, size);
    REQUIRE(log->commit(test::noon));
    disk.restart();
    return disk;
}

/// Checkpoints that anyone could have seen.
class witness {
  public:
    explicit witness(memory_files& disk) : disk_(disk) {
        disk.after = [this] { look(); };
    }
    witness(const witness&) = delete;
    witness& operator=(const witness&) = delete;
    ~witness() { disk_.after = nullptr; }

    void look() {
        if (const auto* content = disk_.peek("log/checkpoint")) {
            seen_.emplace(text_of(*content));
        }
    }
    /// All of them are of this log.
    void check(memory_files& disk, const log_writer& log, const crypto::signing_key& key) const {
        for (const std::string& note : seen_) {
            CHECK(compare(disk, "log", {log.origin(), log.committed()}, note,
                          test::public_of(key)) == history::consistent);
        }
    }
    [[nodiscard]] std::size_t count() const { return seen_.size(); }

  private:
    memory_files& disk_;
    std::set<std::string> seen_;
};

void check_entries(memory_files& disk, const crypto::signing_key& key, std::uint64_t size) {
    std::vector<std::string> texts;
    const auto report = test::audit_of(disk, key, &texts);
    CHECK(report.good());
    for (const finding& each : report.findings) {
        MESSAGE(each.path << " " << name(each.what) << " " << each.detail);
    }
    CHECK(report.good_entries == size);
    REQUIRE(texts.size() == size);
    bool same = true;
    for (std::uint64_t i = 0; i < size; ++i) {
        same = same && texts[i] == text_number(i);
    }
    CHECK(same);
}

/// Two commits, the second of which completes a bundle. True where nothing failed.
bool two_commits(memory_files& disk, const crypto::signing_key& key, std::uint64_t from,
                 std::uint64_t& durable) {
    auto log = open_log(disk, key, test::noon + 1);
    if (!log) {
        CHECK(log.error().error == log_error::storage);
        return false;
    }
    bool good = true;
    for (const std::uint64_t size : std::initializer_list<std::uint64_t>{from + 3, from + 30}) {
        append_up_to(*log, size);
        const auto done = log->commit(test::noon + 2);
        if (!done) {
            CHECK(done.error().error == log_error::storage);
        }
        good = good && done;
        durable = log->committed().size;
    }
    return good;
}

} // namespace

TEST_CASE("ledger/log: entries come back in order, across commits, restarts and levels") {
    const auto key = test::key_of(1);
    memory_files disk;
    std::uint64_t size = 0;
    std::string origin;
    for (const std::uint64_t more :
         std::initializer_list<std::uint64_t>{0, 1, 254, 1, 1, 255, 256, 64'768, 3, 600}) {
        auto log = open_log(disk, key, test::noon + static_cast<unix_ns>(size));
        REQUIRE(log);
        CHECK(log->recovered().created == origin.empty());
        CHECK(log->recovered().torn_files == 0);
        CHECK(log->committed().size == size);
        origin = origin.empty() ? log->origin() : origin;
        CHECK(log->origin() == origin);
        size += more;
        append_up_to(*log, size);
        CHECK(log->pending() == more);
        REQUIRE(log->commit(test::noon));
        CHECK(log->pending() == 0);
        CHECK(text_of(disk.poke("log/checkpoint")) == log->note());
        CHECK(check_minisign(log->minisign(), octets_of(log->note()), key.public_key()));
        CHECK(text_of(disk.poke("log/checkpoint.minisig")) == log->minisign());
        if (size < 2000 || size > 66'000) {
            check_entries(disk, key, size);
        }
    }
    CHECK(origin == "svalbard-1/1795521600");
    CHECK(disk.peek("log/tile/2/000.p/1") != nullptr);
    CHECK(disk.peek("log/tile/1/000") != nullptr);
    CHECK(disk.peek("log/tile/0/255.p/254") == nullptr); // gone with its tile complete
    CHECK(text_of(disk.poke("log/ledger.vkey")) ==
          verifier_text({"svalbard-1", key.public_key()}) + "\n");
}

TEST_CASE("ledger/log: a file operation that fails, the Nth for every N, costs no entry") {
    const auto key = test::key_of(1);
    for (const std::uint64_t from : std::initializer_list<std::uint64_t>{0, 250, 65'530}) {
        const memory_files before = from == 0 ? memory_files() : log_of(key, from);
        bool through = false;
        std::uint64_t failures = 0;
        for (std::uint64_t n = 1; !through; n += from > 60'000 ? 7 : 1) {
            memory_files disk = before;
            disk.fail_at = n;
            std::uint64_t durable = 0;
            const bool good = two_commits(disk, key, from, durable);
            through = disk.calls < n;
            failures += good ? 0 : 1;
            disk.restart();
            auto log = open_log(disk, key, test::noon + 3);
            REQUIRE(log);
            CHECK(log->committed().size >= durable);
            append_up_to(*log, from + 40);
            REQUIRE(log->commit(test::noon + 4));
            if (from < 60'000 || n % 35 == 1) {
                check_entries(disk, key, from + 40);
            }
        }
        CHECK(failures > (from > 60'000 ? 5 : 30));
    }
}

TEST_CASE("ledger/log: after a failure the same writer goes on") {
    const auto key = test::key_of(1);
    const memory_files before = log_of(key, 250);
    for (std::uint64_t n = 1;; ++n) {
        memory_files disk = before;
        auto log = open_log(disk, key);
        REQUIRE(log);
        witness seen(disk);
        append_up_to(*log, 300);
        disk.calls = 0;
        disk.fail_at = n;
        const auto done = log->commit(test::noon);
        if (disk.calls < n) {
            CHECK(n > 20);
            break;
        }
        CHECK(log->committed().size + log->pending() == 300);
        disk.restart();
        append_up_to(*log, 310);
        REQUIRE(log->commit(test::noon));
        seen.check(disk, *log, key);
        check_entries(disk, key, 310);
    }
}

TEST_CASE("ledger/log: power or process gone before any file operation: no seen checkpoint is "
          "forgotten, no durable entry lost") {
    const auto key = test::key_of(1);
    std::mt19937 random(5);
    std::uint64_t torn = 0;
    std::uint64_t forward = 0;
    for (const std::uint64_t from : std::initializer_list<std::uint64_t>{0, 250}) {
        const memory_files before = from == 0 ? memory_files() : log_of(key, from);
        bool through = false;
        for (std::uint64_t n = 1; !through; ++n) {
            for (int run = 0; run < 6; ++run) {
                memory_files disk = before;
                witness seen(disk);
                disk.dead_at = n;
                std::uint64_t durable = 0;
                two_commits(disk, key, from, durable);
                through = disk.calls < n;
                if (run == 0) {
                    disk.restart();
                } else {
                    disk.lose_power(random);
                }
                auto log = open_log(disk, key, test::noon + 3);
                REQUIRE(log);
                CHECK(log->committed().size >= durable);
                torn += log->recovered().torn_files;
                forward += log->recovered().rolled_forward ? 1U : 0U;
                seen.check(disk, *log, key);
                check_entries(disk, key, log->committed().size);
                append_up_to(*log, from + 40);
                REQUIRE(log->commit(test::noon + 4));
                seen.check(disk, *log, key);
                check_entries(disk, key, from + 40);
            }
        }
    }
    CHECK(torn > 0);
    CHECK(forward > 0);
}

TEST_CASE("ledger/log: power gone again and again, also while it recovers") {
    const auto key = test::key_of(1);
    std::mt19937 random(6);
    for (int life = 0; life < 40; ++life) {
        memory_files disk;
        witness seen(disk);
        std::uint64_t durable = 0;
        for (int crash = 0; crash < 12; ++crash) {
            disk.dead_at = 1 + random() % 60;
            auto log = open_log(disk, key, test::noon + crash);
            for (int commits = 0; log && commits < 3; ++commits) {
                append_up_to(*log, log->committed().size + log->pending() + random() % 200);
                static_cast<void>(log->commit(test::noon));
                durable = std::max(durable, log->committed().size);
            }
            disk.lose_power(random);
        }
        auto log = open_log(disk, key);
        REQUIRE(log);
        CHECK(log->committed().size >= durable);
        seen.check(disk, *log, key);
        check_entries(disk, key, log->committed().size);
    }
}

TEST_CASE("ledger/log: a commit that was cut short is kept apart and counted") {
    const auto key = test::key_of(1);
    memory_files disk = log_of(key, 250);
    auto log = open_log(disk, key);
    append_up_to(*log, 300);
    disk.calls = 0;
    disk.dead_at = 21; // tiles and bundles are there, no checkpoint
    CHECK_FALSE(log->commit(test::noon));
    disk.restart();
    auto again = open_log(disk, key, 77);
    REQUIRE(again);
    CHECK(again->committed().size == 250);
    CHECK(again->recovered().torn_files > 1);
    CHECK(again->recovered().torn_entries > 0);
    CHECK(again->recovered().torn_entries <= 50);
    std::uint64_t kept = 0;
    for (const std::string& path : disk.all()) {
        kept += path.starts_with("log/torn/77-") ? 1U : 0U;
    }
    CHECK(kept == again->recovered().torn_files);
    CHECK(disk.peek("log/tile/0/000") == nullptr);
    check_entries(disk, key, 250);
}

TEST_CASE("ledger/log: what is damaged is not signed again") {
    const auto key = test::key_of(1);
    const memory_files good = log_of(key, 600);
    const auto refused = [&](memory_files& disk) {
        const auto log = log_writer::open(test::config_of(), disk, key, test::noon);
        REQUIRE_FALSE(log);
        CHECK(name(log.error().error) != nullptr);
        return log.error().error;
    };
    memory_files disk = good;
    disk.erase("log/checkpoint");
    CHECK(refused(disk) == log_error::no_checkpoint);
    disk = good;
    disk.poke("log/checkpoint").at(3) ^= 1U;
    CHECK(refused(disk) == log_error::bad_checkpoint);
    for (const char* file :
         {"log/tile/0/002.p/88", "log/tile/entries/002.p/88", "log/tile/1/000.p/2"}) {
        disk = good;
        disk.poke(file).at(40) ^= 1U;
        CHECK(refused(disk) == log_error::inconsistent);
        disk = good;
        disk.erase(file);
        CHECK(refused(disk) == log_error::inconsistent);
        disk = good;
        disk.poke(file).pop_back();
        CHECK(refused(disk) == log_error::inconsistent);
    }
    disk = good;
    const auto other = log_writer::open(test::config_of(), disk, test::key_of(2), 0);
    REQUIRE_FALSE(other);
    CHECK(other.error().error == log_error::bad_checkpoint);
    // A checkpoint of another history, under the same key, waiting to be put in place.
    disk = good;
    const checkpoint forged{"svalbard-1/1795521600", {600, leaf_hash({})}};
    REQUIRE(disk.put("log/checkpoint.next", octets_of(sign_checkpoint(forged, "svalbard-1", key))));
    CHECK(refused(disk) == log_error::inconsistent);
}

TEST_CASE("ledger/log: a second writer is noticed before anything is signed") {
    const auto key = test::key_of(1);
    memory_files disk = log_of(key, 5);
    auto one = open_log(disk, key);
    auto other = open_log(disk, key);
    append_up_to(*one, 7);
    append_up_to(*other, 9);
    REQUIRE(one->commit(test::noon));
    const auto refused = other->commit(test::noon);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().error == log_error::not_alone);
    check_entries(disk, key, 7);
}

TEST_CASE("ledger/log: so many entries wait and no more; impossible ones do not") {
    const auto key = test::key_of(1);
    memory_files disk;
    log_config config = test::config_of();
    config.most_pending = 3;
    auto log = log_writer::open(config, disk, key, test::noon);
    append_up_to(*log, 3);
    CHECK(log->append(test::entry_number(3)).error() == log_error::full);
    REQUIRE(log->commit(test::noon));
    entry bad = test::entry_number(3);
    bad.tenant = "\n";
    CHECK(log->append(bad).error() == log_error::entry);
    CHECK(log->append(test::entry_number(3)) == 3);
}

TEST_CASE("ledger/log: proofs from the tiles hold for every entry and every older size") {
    const auto key = test::key_of(1);
    memory_files disk = log_of(key, 700);
    auto log = open_log(disk, key);
    log_reader reader(disk, "log", 700);
    const auto nodes = [&](unsigned level, std::uint64_t index) {
        return reader.node(level, index);
    };
    for (std::uint64_t i = 0; i < 700; i += 13) {
        const auto one = prove_inclusion(reader, i, log->note());
        REQUIRE(one);
        CHECK(text_of(one->entry) == text_number(i));
        CHECK(check_proof(*one, log->committed()));
        const auto other = prove_consistency(reader, i, log->note());
        REQUIRE(other);
        CHECK(check_proof(*other, log->committed(), {i, *tree_root(i, nodes)}));
    }
    disk.erase("log/tile/0/001");
    log_reader damaged(disk, "log", 700);
    CHECK(prove_inclusion(damaged, 300, "").error() == damage::missing);
    CHECK(prove_inclusion(damaged, 3, "")); // has no need of it
}
