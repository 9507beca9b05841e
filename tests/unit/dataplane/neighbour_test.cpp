// SPDX-License-Identifier: MIT
#include "dataplane/neighbour.h"
#include "frames.h"

using namespace landfall;
using namespace landfall::dataplane;

namespace {

/// A table with a clock that is turned, and what it asked.
struct bench_table {
    neighbour_table table;
    time_ns now = 0;
    std::vector<neighbour_query> asked;
    std::vector<std::size_t> failed;

    explicit bench_table(std::size_t capacity = 4) : table(capacity) {}

    void run(time_ns duration, bool answer = false) {
        for (const time_ns end = now + duration; now <= end; now += second_ns / 10) {
            const std::size_t before = asked.size();
            table.tick(
                now, [&](const neighbour_query& query) { asked.push_back(query); },
                [&](std::size_t index) { failed.push_back(index); });
            for (std::size_t i = before; answer && i < asked.size(); ++i) {
                CHECK(table.confirm(asked[i].address, peer_mac, now));
            }
        }
    }
    std::size_t want(const base::ip_address& address) { return table.want(address, now).value(); }
};

base::ip_address numbered(std::uint8_t last) {
    base::ip_address made = peer4;
    made.octet[3] = last;
    return made;
}

} // namespace

TEST_CASE("dataplane/neighbour: asks three times, a second apart, then fails, then forgets") {
    bench_table bench;
    const std::size_t index = bench.want(peer4);
    bench.run(10 * second_ns / 10);
    CHECK(bench.asked.size() == 2);
    bench.run(15 * second_ns / 10);
    CHECK(bench.asked.size() == 3);
    bench.run(second_ns);
    CHECK(bench.failed == std::vector<std::size_t>{index});
    CHECK(bench.table[index].state == neighbour_state::failed);
    bench.run(failed_hold_ns);
    CHECK(bench.asked.size() == 3);
    CHECK(bench.table[index].state == neighbour_state::unused);
}

TEST_CASE("dataplane/neighbour: a gateway is kept asked for and kept fresh") {
    bench_table bench;
    bench.table.pin(peer4, bench.now);
    bench.run(60 * second_ns);
    CHECK(bench.failed.size() >= 7);
    CHECK(bench.table[0].pinned);
    bench.run(10 * second_ns, true);
    CHECK(bench.table[0].state == neighbour_state::reachable);
    const std::size_t asked = bench.asked.size();
    bench.run(200 * second_ns, true); // unused, and yet asked again each time
    CHECK(bench.asked.size() == asked + 4);
    CHECK(bench.table[0].usable());
}

TEST_CASE("dataplane/neighbour: in use it is refreshed before it ends, by unicast first") {
    bench_table bench;
    const std::size_t index = bench.want(peer4);
    bench.run(second_ns / 2, true);
    REQUIRE(bench.table[index].usable());
    bench.asked.clear();
    for (int i = 0; i < 44; ++i) {
        bench.run(9 * second_ns / 10); // a second, as `run` counts
        static_cast<void>(bench.want(peer4));
    }
    bench.run(3 * second_ns);
    REQUIRE(bench.asked.size() >= 3);
    CHECK(bench.asked[0].unicast == peer_mac);
    CHECK(bench.asked[1].unicast == peer_mac);
    CHECK_FALSE(bench.asked[2].unicast);
    CHECK(bench.table[index].usable()); // the old address serves meanwhile
    bench.run(20 * second_ns);
    CHECK(bench.failed == std::vector<std::size_t>{index});
}

TEST_CASE("dataplane/neighbour: out of use it is forgotten without a question") {
    bench_table bench;
    const std::size_t index = bench.want(peer4);
    bench.run(second_ns / 2, true);
    bench.asked.clear();
    bench.run(refresh_after_ns + second_ns);
    CHECK(bench.asked.empty());
    CHECK(bench.table[index].state == neighbour_state::unused);
}

TEST_CASE("dataplane/neighbour: is bounded, and gives way by last use") {
    bench_table bench(3);
    for (std::uint8_t i = 1; i <= 3; ++i) {
        bench.now += second_ns / 100;
        CHECK(bench.table.want(numbered(i), bench.now));
    }
    CHECK_FALSE(bench.table.want(numbered(4), bench.now)); // all are being resolved
    bench.run(second_ns / 2, true);
    static_cast<void>(bench.want(numbered(1)));
    const std::size_t taken = bench.want(numbered(4));
    CHECK(taken == 1); // the place of 2, used longest ago
    CHECK(bench.table.count(neighbour_state::incomplete) == 1);
    for (int i = 0; i < 1000; ++i) {
        bench.now += second_ns;
        static_cast<void>(bench.table.want(numbered(static_cast<std::uint8_t>(i)), bench.now));
        bench.run(0, i % 2 == 0);
    }
    CHECK(bench.table.capacity() == 3);
}

TEST_CASE("dataplane/neighbour: an unasked change is verified before it is believed") {
    bench_table bench;
    const std::size_t index = bench.want(peer4);
    bench.run(2 * second_ns, true);
    bench.asked.clear();
    bench.table.hint(peer4, peer_mac, bench.now); // no news
    bench.table.hint(us4, other_mac, bench.now);  // nobody we know
    bench.run(second_ns / 2);
    CHECK(bench.asked.empty());
    bench.table.hint(peer4, other_mac, bench.now);
    bench.run(second_ns / 2);
    REQUIRE(bench.asked.size() == 1);
    CHECK_FALSE(bench.asked[0].unicast);
    CHECK(bench.table[index].mac == peer_mac);
    CHECK(bench.table.confirm(peer4, other_mac, bench.now));
    CHECK(bench.table[index].mac == other_mac);
    // A storm of such news costs a question a second at most.
    bench.asked.clear();
    for (int i = 0; i < 100; ++i) {
        bench.table.hint(peer4, i % 2 == 0 ? peer_mac : other_mac, bench.now);
        bench.run(0, true);
    }
    CHECK(bench.asked.size() <= 11);
}
