// SPDX-License-Identifier: MIT
#include "delivery/checksum.h"
#include "support.h"

using namespace landfall;
using namespace landfall::delivery;

TEST_CASE("delivery/checksum: the sum of any octets is that of the plain way") {
    base::random_source random(1);
    for (std::size_t size = 0; size < 300; ++size) {
        const octet_vector data = random_octets(random, size);
        CHECK(checksum_of(add_words(0, data)) == static_cast<std::uint16_t>(~plain_sum(data)));
        const std::size_t cut = size / 4 * 2;
        const base::octets all = data;
        CHECK(checksum_of(add_words(add_words(0, all.first(cut)), all.subspan(cut))) ==
              static_cast<std::uint16_t>(~plain_sum(data)));
    }
    const octet_vector ones(65535, 0xFF);
    CHECK(checksum_of(add_words(0, ones)) == static_cast<std::uint16_t>(~plain_sum(ones)));
}

TEST_CASE("delivery/checksum: the example of RFC 1071, section 3") {
    const octet_vector data{0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7};
    CHECK(checksum_of(add_words(0, data)) == 0x220D);
}

TEST_CASE("delivery/checksum: an update gives what summing anew gives") {
    // The example of RFC 1624, section 4.
    CHECK(updated_checksum(0xDD2F, 0x5555, 0x3285) == 0x0000);
    base::random_source random(2);
    for (int i = 0; i < 2000; ++i) {
        octet_vector header = random_octets(random, 20);
        header[0] = 0x45; // not all zeros
        header[10] = header[11] = 0;
        const auto before = static_cast<std::uint16_t>(~plain_sum(header));
        const std::uint16_t was = u16_at(header, 8);
        --header[8];
        CHECK(updated_checksum(before, was, u16_at(header, 8)) ==
              static_cast<std::uint16_t>(~plain_sum(header)));
    }
}
