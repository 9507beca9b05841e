// SPDX-License-Identifier: MIT
#include "framing/packet_extractor.h"
#include "support.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

using namespace landfall;
using namespace landfall::framing;

namespace {

octet_vector space(std::size_t size, std::uint16_t apid = 100, std::size_t first = 1) {
    octet_vector octets;
    append_space_packet(octets, {false, false, apid, sequence_flags::unsegmented, 7},
                        counting_octets(size - 6, first));
    return octets;
}

octet_vector encapsulated(std::size_t size) {
    octet_vector octets;
    append_encapsulation(octets, encapsulation_protocol::mission, counting_octets(size, 3));
    return octets;
}

struct zone {
    octet_vector data;
    std::optional<std::size_t> first_header;
};

/// Cuts the packets, one after another, into zones of `size`; the last one may be shorter.
std::vector<zone> cut(const std::vector<octet_vector>& packets, std::size_t size) {
    octet_vector stream;
    std::vector<std::size_t> starts;
    for (const octet_vector& packet : packets) {
        starts.push_back(stream.size());
        stream.insert(stream.end(), packet.begin(), packet.end());
    }
    std::vector<zone> zones;
    for (std::size_t at = 0; at < stream.size(); at += size) {
        const std::size_t end = std::min(at + size, stream.size());
        zone next{{stream.begin() + static_cast<std::ptrdiff_t>(at),
                   stream.begin() + static_cast<std::ptrdiff_t>(end)},
                  std::nullopt};
        const auto start = std::lower_bound(starts.begin(), starts.end(), at);
        if (start != starts.end() && *start < end) {
            next.first_header = *start - at;
        }
        zones.push_back(next);
    }
    return zones;
}

struct fixture {
    extraction_counters counters;
    packet_extractor extractor{counters};
    std::vector<octet_vector> packets;
    std::vector<std::int64_t> began_s;
    std::int64_t time_s = 0;

    void push(const zone& next) {
        extractor.push({next.data, next.first_header, {{time_s++, 0}, true}},
                       [this](base::octets packet, const arrival& began) {
                           packets.emplace_back(packet.begin(), packet.end());
                           began_s.push_back(began.time.seconds);
                       });
    }
    void push(const std::vector<zone>& zones) {
        for (const zone& next : zones) {
            push(next);
        }
    }
    [[nodiscard]] std::uint64_t lost(packet_loss loss) const {
        return counters.lost[static_cast<std::size_t>(loss)];
    }
    [[nodiscard]] std::uint64_t lost() const {
        std::uint64_t sum = 0;
        for (const std::uint64_t count : counters.lost) {
            sum += count;
        }
        return sum;
    }
};

} // namespace

TEST_CASE("framing/packet_extractor: packets come out whole at every zone size") {
    const std::vector<octet_vector> packets = {space(7),  space(60),         encapsulated(0),
                                               space(13), encapsulated(300), space(500),
                                               space(9),  encapsulated(40)};
    for (std::size_t size = 1; size < 1000; ++size) {
        fixture fix;
        fix.push(cut(packets, size));
        CHECK(fix.packets == packets);
        CHECK(fix.counters.packets == packets.size());
        CHECK(fix.lost() == 0);
    }
}

TEST_CASE("framing/packet_extractor: packets that span 1, 2 and 10 frames begin in their frame") {
    fixture fix;
    fix.push(cut({space(50), space(150), space(1000), space(100)}, 100));
    REQUIRE(fix.packets.size() == 4);
    CHECK(fix.began_s == std::vector<std::int64_t>{0, 0, 2, 12});
}

TEST_CASE("framing/packet_extractor: a header split at each octet is put together") {
    const octet_vector eight = [] {
        octet_vector octets = from_hex("fb0000000000001c");
        const octet_vector more = counting_octets(20);
        octets.insert(octets.end(), more.begin(), more.end());
        return octets;
    }();
    for (const octet_vector& second : {space(30), encapsulated(12), encapsulated(280), eight}) {
        for (std::size_t split = 1; split < 9; ++split) {
            const octet_vector first = space(40 - split);
            fixture fix;
            fix.push(cut({first, second, space(20)}, 40));
            CHECK(fix.packets == std::vector<octet_vector>{first, second, space(20)});
            CHECK(fix.lost() == 0);
        }
    }
}

TEST_CASE("framing/packet_extractor: idle packets are dropped and counted") {
    fixture fix;
    const octet_vector idle_octet = from_hex("e0");
    const octet_vector idle_encapsulation = from_hex("e105000000");
    fix.push(cut({space(20), space(33, idle_apid), idle_octet, idle_octet, space(12),
                  idle_encapsulation, space(9)},
                 16));
    CHECK(fix.packets == std::vector<octet_vector>{space(20), space(12), space(9)});
    CHECK(fix.counters.idle_packets == 4);
    CHECK(fix.lost() == 0);
}

TEST_CASE("framing/packet_extractor: after a gap the next first header pointer resynchronises") {
    const std::vector<octet_vector> packets = {space(70), space(90), space(20), space(95),
                                               space(40)};
    const auto zones = cut(packets, 50);
    for (std::size_t missing = 0; missing < zones.size(); ++missing) {
        fixture fix;
        for (std::size_t i = 0; i < zones.size(); ++i) {
            if (i == missing) {
                fix.extractor.interrupt();
            } else {
                fix.push(zones[i]);
            }
        }
        // Exactly the packets that have no octet in the missing zone.
        std::vector<octet_vector> expected;
        std::size_t at = 0;
        for (const octet_vector& packet : packets) {
            const std::size_t end = at + packet.size();
            if (end <= missing * 50 || at >= (missing + 1) * 50) {
                expected.push_back(packet);
            }
            at = end;
        }
        CHECK(fix.packets == expected);
    }
}

TEST_CASE("framing/packet_extractor: a pointer that contradicts the packet's length is believed") {
    const auto zones = cut({space(150), space(60)}, 100);
    SUBCASE("the packet should end later") {
        fixture fix;
        fix.push({zones[0], {space(60), 0}});
        CHECK(fix.packets == std::vector<octet_vector>{space(60)});
        CHECK(fix.lost(packet_loss::pointer_mismatch) == 1);
    }
    SUBCASE("the packet should end earlier") {
        fixture fix;
        zone second = zones[1];
        second.data.insert(second.data.begin(), 3, 0xAA);
        second.first_header = 53;
        fix.push({zones[0], second, zones[2]});
        CHECK(fix.packets == std::vector<octet_vector>{space(60)});
        CHECK(fix.lost(packet_loss::pointer_mismatch) == 1);
    }
    SUBCASE("no packet starts, but this one ends") {
        fixture fix;
        fix.push({zones[0], {counting_octets(100), std::nullopt}});
        CHECK(fix.packets.empty());
        CHECK(fix.lost(packet_loss::pointer_mismatch) == 1);
    }
    SUBCASE("no packet starts after one that ended") {
        fixture fix;
        fix.push({{space(40), 0}, {counting_octets(40), std::nullopt}, {space(40), 0}});
        CHECK(fix.packets.size() == 2);
        CHECK(fix.lost(packet_loss::pointer_mismatch) == 1);
    }
}

TEST_CASE("framing/packet_extractor: what cannot be a packet is given up by its reason") {
    fixture fix;
    fix.push({from_hex("4500000000"), 0});
    CHECK(fix.lost(packet_loss::unknown_version) == 1);
    fix.push({from_hex("e4"), 0});
    CHECK(fix.lost(packet_loss::bad_length) == 1);
    fix.push({from_hex("fb00000000011111"), 0});
    CHECK(fix.lost(packet_loss::too_long) == 1);
    fix.push({space(20), 20});
    fix.push({space(20), 2045});
    CHECK(fix.lost(packet_loss::pointer_out_of_range) == 2);
    // A header that turns out to be wrong only when its second part arrives.
    fix.push({{from_hex("fb0000"), 0}, {from_hex("0000000007aabb"), std::nullopt}});
    CHECK(fix.lost(packet_loss::bad_length) == 2);
    CHECK(fix.packets.empty());
    fix.push({space(20), 0});
    CHECK(fix.packets.size() == 1);
}

TEST_CASE("framing/packet_extractor: the longest packet is delivered") {
    fixture fix;
    fix.push(cut({space(largest_space_packet_octets), space(8)}, 884));
    REQUIRE(fix.packets.size() == 2);
    CHECK(fix.packets[0] == space(largest_space_packet_octets));
}

TEST_CASE("framing/packet_extractor: zeros up to the zone's end are padding, not packets") {
    fixture fix;
    octet_vector padded = space(30);
    padded.resize(60);
    fix.push({{padded, 0}, {octet_vector(60), 0}, {space(60), 0}});
    CHECK(fix.packets == std::vector<octet_vector>{space(30), space(60)});
    CHECK(fix.counters.padded_zones == 2);
    CHECK(fix.lost() == 0);
}

TEST_CASE("framing/packet_extractor: reasons have names of their own") {
    std::map<std::string, int> names;
    for (std::size_t i = 0; i < packet_loss_count; ++i) {
        ++names[name(static_cast<packet_loss>(i))];
    }
    CHECK(names.size() == packet_loss_count);
    CHECK(names.count("unknown") == 0);
}
