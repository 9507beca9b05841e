// SPDX-License-Identifier: MIT
#include "base/checksum.h"
#include "base/random.h"

#include <doctest/doctest.h>

#include <vector>

using namespace landfall;
using namespace landfall::base;

namespace {

using octet_vector = std::vector<std::uint8_t>;

octet_vector random_octets(random_source& random, std::size_t size) {
    octet_vector made(size);
    for (std::uint8_t& octet : made) {
        octet = static_cast<std::uint8_t>(random.bits());
    }
    return made;
}

/// RFC 1071, word by word.
std::uint16_t plain_sum(octets data) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < data.size(); ++i) {
        sum += i % 2 == 0 ? std::uint32_t{data[i]} << 8U : data[i];
        sum = (sum & 0xFFFFU) + (sum >> 16U);
    }
    return static_cast<std::uint16_t>(sum);
}

std::uint16_t u16_at(const octet_vector& data, std::size_t at) {
    return static_cast<std::uint16_t>(data[at] << 8U | data[at + 1]);
}

} // namespace

TEST_CASE("base/checksum: the sum of any octets is that of the plain way") {
    random_source random(1);
    for (std::size_t size = 0; size < 300; ++size) {
        const octet_vector data = random_octets(random, size);
        CHECK(checksum_of(add_words(0, data)) == static_cast<std::uint16_t>(~plain_sum(data)));
        const std::size_t cut = size / 4 * 2;
        const octets all = data;
        CHECK(checksum_of(add_words(add_words(0, all.first(cut)), all.subspan(cut))) ==
              static_cast<std::uint16_t>(~plain_sum(data)));
    }
    for (std::size_t size = 0; size < 300; ++size) {
        const octet_vector data = random_octets(random, size);
        octet_vector copy(size + 1, 0x77);
        CHECK(add_and_copy_words(5, data, copy.data()) == add_words(5, data));
        CHECK(std::equal(data.begin(), data.end(), copy.begin()));
        CHECK(copy.back() == 0x77);
    }
    const octet_vector ones(65535, 0xFF);
    CHECK(checksum_of(add_words(0, ones)) == static_cast<std::uint16_t>(~plain_sum(ones)));
}

TEST_CASE("base/checksum: the example of RFC 1071, section 3") {
    const octet_vector data{0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7};
    CHECK(checksum_of(add_words(0, data)) == 0x220D);
}

TEST_CASE("base/checksum: an update gives what summing anew gives") {
    // The example of RFC 1624, section 4.
    CHECK(updated_checksum(0xDD2F, 0x5555, 0x3285) == 0x0000);
    random_source random(2);
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
