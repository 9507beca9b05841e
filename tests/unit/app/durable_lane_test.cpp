// SPDX-License-Identifier: MIT
#include "app/durable_lane.h"
#include "crypto/start.h"
#include "delivery/ledger/audit.h"
#include "delivery/ledger/lines.h"
#include "delivery/spool/inspect.h"
#include "scratch_folder.h"
#include "tests/support/memory_files.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <map>
#include <memory>

using namespace landfall;
using namespace landfall::app;
namespace led = delivery::ledger;

namespace {

/// Two tenants: "a" has channels 1 and 2 of the carrier, "b" packets of channel 2.
config::gateway two_tenants() {
    config::gateway made;
    made.name = "station-1";
    made.carriers.resize(1);
    made.carriers[0].name = "goes";
    made.tenants.resize(2);
    made.tenants[0].name = "a";
    made.tenants[1].name = "b";
    made.routes.resize(3);
    made.routes[1].tenant = "a";
    made.routes[1].durable = true;
    made.routes[1].vcid = {1, 2};
    made.routes[2].tenant = "b";
    made.routes[2].durable = true;
    made.routes[2].vcid = {2};
    made.routes[2].as = config::payload::packets;
    return made;
}

framing::delivered_frame frame_of(const std::vector<std::uint8_t>& octets, std::uint8_t vcid) {
    framing::delivered_frame made;
    made.octets = octets;
    made.first_bit = {{1'795'521'600, 5'000}, true};
    made.spacecraft_id = 157;
    made.vcid = vcid;
    made.step.missing = vcid;
    return made;
}

framing::delivered_packet packet_of(const std::vector<std::uint8_t>& octets, std::uint8_t vcid) {
    framing::delivered_packet made;
    made.octets = octets;
    made.began = {{1'795'521'600, 0}, true};
    made.spacecraft_id = 157;
    made.vcid = vcid;
    return made;
}

struct quiet {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::tmpfile(), std::fclose};
    control::logger log{file.get(), control::log_form::plain, control::log_level::error};
};

led::entry entry_of(led::event what, std::uint8_t digest) {
    led::entry made;
    made.time = 1'795'521'600'000'000'000;
    made.what = what;
    made.tenant = "a";
    made.segment.emplace();
    made.segment->fill(digest);
    return made;
}

/// How often each event of each segment is in the log.
std::map<std::pair<led::event, std::uint8_t>, int> events_of(delivery::file_system& disk,
                                                             const crypto::signing_key& key) {
    std::map<std::pair<led::event, std::uint8_t>, int> found;
    const auto report = led::audit(disk, "log", {"station-1", key.public_key()},
                                   [&](std::uint64_t, std::string_view text, bool verified) {
                                       const auto one = led::parse_entry(text);
                                       REQUIRE(one);
                                       CHECK(verified);
                                       if (one->segment) {
                                           ++found[{one->what, one->segment->front()}];
                                       }
                                   });
    CHECK(report.good());
    return found;
}

constexpr std::int64_t second_ns = 1'000'000'000;

} // namespace

TEST_CASE("app/durable_intake: what a route selects comes out whole, with what is known of it") {
    const auto intake = durable_intake::of(two_tenants(), 0);
    REQUIRE(intake);
    REQUIRE(intake->routes().size() == 2);
    const std::vector<std::uint8_t> octets(300, 7);
    intake->frame(frame_of(octets, 1), 8.5);
    intake->frame(frame_of(octets, 3), 8.5); // nobody's
    auto fill = frame_of(octets, 1);
    fill.fill = true;
    intake->frame(fill, 8.5);
    intake->packet(packet_of(octets, 2), std::nullopt);
    intake->packet(packet_of(octets, 1), std::nullopt); // not b's
    const auto first = intake->front();
    REQUIRE(first);
    CHECK(first->route == 0);
    CHECK(first->what.as == delivery::content::frames);
    CHECK(first->what.vcid == 1);
    CHECK(first->what.spacecraft_id == 157);
    CHECK(first->what.missing == 1);
    CHECK(first->what.es_n0_db == 8.5);
    CHECK(first->what.time_known);
    CHECK(first->what.receive_time == base::timestamp{1'795'521'600, 5'000});
    CHECK(std::vector(first->what.octets.begin(), first->what.octets.end()) == octets);
    intake->pop();
    const auto second = intake->front();
    REQUIRE(second);
    CHECK(second->route == 1);
    CHECK(second->what.as == delivery::content::packets);
    CHECK_FALSE(second->what.es_n0_db);
    intake->pop();
    CHECK_FALSE(intake->front());
    CHECK(intake->counters_of(1).kept.value() == 1);
    CHECK(intake->counters_of(2).octets.value() == octets.size());
    config::gateway live = two_tenants();
    live.routes.resize(1);
    CHECK(durable_intake::of(live, 0) == nullptr);
}

TEST_CASE("app/durable_intake: a full ring drops and counts, and the sequence shows the gap") {
    durable_intake intake(0, {{.route = 4}}, 4096);
    const std::vector<std::uint8_t> octets(500, 1);
    for (int i = 0; i < 20; ++i) {
        intake.frame(frame_of(octets, 1), std::nullopt);
    }
    const auto& counters = intake.counters_of(4);
    const std::uint64_t kept = counters.kept.value();
    CHECK(kept > 3);
    CHECK(kept + counters.drops[0].value() == 20);
    while (intake.front()) {
        intake.pop();
    }
    intake.frame(frame_of(octets, 1), std::nullopt);
    REQUIRE(intake.front());
    CHECK(intake.front()->what.sequence == 20);
}

TEST_CASE("app/durable_lane: what came is sealed for its tenant, on disk, and on record") {
    REQUIRE(crypto::start());
    const test::scratch_folder folder;
    quiet to;
    const auto identity = [](std::uint8_t seed) {
        crypto::private_key key;
        key.bytes().front() = seed;
        key.bytes().back() = 64;
        return key;
    };
    const auto config = [&] {
        durable_config made{
            .settings = two_tenants(),
            .recipients = {{crypto::public_of(identity(1))}, {crypto::public_of(identity(2))}},
            .ledger_key = identity(3),
            .folders = folders_of(two_tenants(), folder.path)};
        return made;
    };
    const std::vector<std::uint8_t> octets(800, 9);
    {
        auto lane = durable_lane::open(config(), to.log);
        REQUIRE(lane);
        CHECK(durable_lane::open(config(), to.log).error().code == base::exit_code::try_again);
        for (int i = 0; i < 1500; ++i) { // more than a segment
            (*lane)->intake(0)->frame(frame_of(octets, i % 2 == 0 ? 1 : 2), 9.0);
        }
        (*lane)->intake(0)->packet(packet_of(octets, 2), 9.0);
        CHECK((*lane)->finish(20, [] {}));
        control::snapshot now;
        (*lane)->add_to(now);
        REQUIRE(now.tenants.size() == 2);
        CHECK(now.tenants[0].durable_frames == 1500);
        CHECK(now.tenants[1].durable_frames == 1);
        CHECK(now.ledger.open);
        CHECK(now.ledger.waiting == 0);
        CHECK(now.ledger.entries == 1 + 2 * (now.tenants[0].segments + 1));
        CHECK_FALSE(now.publisher.enabled);
    }
    const auto files = delivery::system_files();
    for (const auto& [tenant, seed, frames] :
         {std::tuple{"a", std::uint8_t{1}, 1500U}, {"b", std::uint8_t{2}, 1U}}) {
        std::uint64_t seen_frames = 0;
        const std::vector<crypto::private_key> own = [&] {
            std::vector<crypto::private_key> keys;
            keys.push_back(identity(seed));
            return keys;
        }();
        REQUIRE(delivery::inspect(*files, (folder.path / "spool" / tenant).string(),
                                  delivery::depth::contents, [&](const delivery::seen_file& seen) {
                                      REQUIRE_FALSE(seen.wrong);
                                      seen_frames += seen.summary->frames;
                                      CHECK(seen.summary->contact == "goes-2026-11-24T12:00:00Z");
                                      CHECK(crypto::open_age(*seen.content, own).all);
                                  }));
        CHECK(seen_frames == frames);
    }
    auto again = durable_lane::open(config(), to.log);
    REQUIRE(again);
    control::snapshot now;
    (*again)->add_to(now);
    CHECK(now.tenants[0].frames == 1500);
}

TEST_CASE("app/durable_receipts: what is said again after a crash is noted once") {
    test::memory_files disk;
    quiet to;
    const auto key = [] { return crypto::signing_key(crypto::secret<32>()); };
    {
        receipts first({"log", "station-1"}, disk, key(), to.log);
        first.note(entry_of(led::event::spooled, 1));
        first.note(entry_of(led::event::delivered, 1));
        first.note(entry_of(led::event::delivered, 1)); // sent again
        CHECK(first.turn(0, 0, true));
        first.note(entry_of(led::event::spooled, 2)); // never durable
    }
    receipts second({"log", "station-1"}, disk, key(), to.log);
    for (const std::uint8_t one : std::initializer_list<std::uint8_t>{1, 2}) {
        second.note(entry_of(led::event::spooled, one));
        second.note(entry_of(led::event::delivered, one));
        second.note(entry_of(led::event::acknowledged, one));
    }
    CHECK(second.turn(0, 0, true));
    const auto found = events_of(disk, key());
    CHECK(found.size() == 6);
    for (const auto& [what, times] : found) {
        CHECK(times == 1);
    }
    CHECK(second.state().size == 6);
    CHECK(second.head()->size == 6);
}

TEST_CASE("app/durable_receipts: a disk that refuses for a while costs no entry") {
    quiet to;
    const auto key = [] { return crypto::signing_key(crypto::secret<32>()); };
    for (std::uint64_t n = 1; n < 60; ++n) {
        test::memory_files disk;
        disk.dead_at = n;
        receipts one({"log", "station-1"}, disk, key(), to.log);
        for (std::uint8_t i = 0; i < 5; ++i) {
            one.note(entry_of(led::event::spooled, i));
        }
        const bool all = one.turn(0, 0, true);
        CHECK((all || one.state().failures > 0));
        disk.restart();
        CHECK(one.turn(11 * second_ns, 0, false));
        CHECK(events_of(disk, key()).size() == 5);
        CHECK(one.state().lost == 0);
    }
}
