// SPDX-License-Identifier: MIT
#include "delivery/frame_header.h"
#include "support.h"

#include <limits>

using namespace landfall;
using namespace landfall::delivery;

namespace {

const frame_header example{.corrected = true,
                           .fill = false,
                           .packet = true,
                           .carrier = 0x0102,
                           .spacecraft_id = 0x0304,
                           .vcid = 63,
                           .es_n0_db = -1.25,
                           .receive_time = base::timestamp{0x65000000, 123'456'789'012},
                           .sequence = 0xA0B0C0D0};

} // namespace

TEST_CASE("delivery/frame_header: the octets are those that its description says") {
    const octet_vector expected{0xD1, 0x15, 0x01, 0x02, 0x03, 0x04, 0x3F, 0xFB,
                                0x00, 0x00, 0x00, 0x00, 0x65, 0x00, 0x00, 0x00,
                                0x07, 0x5B, 0xCD, 0x15, 0xA0, 0xB0, 0xC0, 0xD0};
    const auto octets = write_frame_header(example);
    CHECK(octet_vector(octets.begin(), octets.end()) == expected);
    const octet_vector empty{0xD1, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0,
                             0,    0, 0, 0, 0, 0, 0, 0,    0, 0, 0, 0};
    const auto none = write_frame_header({});
    CHECK(octet_vector(none.begin(), none.end()) == empty);
}

TEST_CASE("delivery/frame_header: what is written is read, to a nanosecond") {
    const auto read = parse_frame_header(join(octet_vector(24), counting(100)));
    CHECK(read.error() == frame_header_error::wrong_mark);
    const auto octets = write_frame_header(example);
    const auto header = parse_frame_header(octets);
    REQUIRE(header);
    CHECK(header->corrected);
    CHECK_FALSE(header->fill);
    CHECK(header->packet);
    CHECK(header->carrier == 0x0102);
    CHECK(header->spacecraft_id == 0x0304);
    CHECK(header->vcid == 63);
    CHECK(header->es_n0_db == -1.25);
    CHECK(header->receive_time == base::timestamp{0x65000000, 123'456'789'000});
    CHECK(header->sequence == 0xA0B0C0D0);

    const auto none = parse_frame_header(write_frame_header({}));
    REQUIRE(none);
    CHECK_FALSE(none->es_n0_db);
    CHECK_FALSE(none->receive_time);
}

TEST_CASE(
    "delivery/frame_header: Es/N0 is kept within its range, and what is no number is unknown") {
    const auto through = [](double db) {
        return parse_frame_header(write_frame_header({.es_n0_db = db}))->es_n0_db;
    };
    CHECK(through(9.99) == 10.0);
    CHECK(through(1e30) == 31.75);
    CHECK(through(-std::numeric_limits<double>::infinity()) == -31.75);
    CHECK_FALSE(through(std::numeric_limits<double>::quiet_NaN()));
}

TEST_CASE("delivery/frame_header: every truncation is refused") {
    const auto octets = write_frame_header(example);
    for (std::size_t size = 0; size < octets.size(); ++size) {
        const octet_vector part(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(size));
        REQUIRE(!parse_frame_header(part));
        CHECK(parse_frame_header(part).error() == frame_header_error::truncated);
    }
}

TEST_CASE(
    "delivery/frame_header: every flipped bit is refused, or read and written back as it is") {
    for (const frame_header& one : {example, frame_header{}}) {
        const auto octets = write_frame_header(one);
        for (std::size_t bit = 0; bit < 8 * octets.size(); ++bit) {
            auto flipped = octets;
            flipped[bit / 8] ^= static_cast<std::uint8_t>(0x80U >> bit % 8);
            const auto header = parse_frame_header(flipped);
            CHECK((bit >= 8 || !header));
            if (header) {
                CHECK(write_frame_header(*header) == flipped);
            } else {
                CHECK(std::string(name(header.error())) != "unknown");
            }
        }
    }
}
