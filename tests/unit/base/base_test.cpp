// SPDX-License-Identifier: MIT
#include "base/bytes.h"
#include "base/function_ref.h"
#include "base/random.h"
#include "base/time.h"

#include <doctest/doctest.h>

#include <array>

using namespace landfall::base;

TEST_CASE("base/bytes: values are big-endian and a read past the end latches failure") {
    const std::array<std::uint8_t, 7> data{0x12, 0x34, 0x56, 0x78, 0x9A, 0xBC, 0xDE};
    byte_reader reader(data);
    CHECK(reader.u16() == 0x1234);
    CHECK(reader.u24() == 0x56789A);
    CHECK(reader.u32() == 0);
    CHECK(reader.failed());
    CHECK(reader.u8() == 0);
    CHECK(reader.remaining() == 0);
}

TEST_CASE("base/bytes: what the writer writes, the reader reads") {
    std::vector<std::uint8_t> out;
    byte_writer writer(out);
    writer.u8(1);
    writer.u16(0x0203);
    writer.u24(0x040506);
    writer.u32(0x0708090A);
    writer.u64(0x0B0C0D0E0F101112);
    CHECK(out.size() == 18);
    for (std::size_t i = 0; i < out.size(); ++i) {
        CHECK(out[i] == i + 1);
    }
}

TEST_CASE("base/time: sums carry over seconds in both directions") {
    const timestamp start{10, 999'999'999'999};
    CHECK(start.plus_picoseconds(0, 1) == timestamp{11, 0});
    CHECK(timestamp{11, 0}.plus_picoseconds(0, -1) == start);
    CHECK(start.plus_seconds(-1.5) == timestamp{9, 499'999'999'999});
    CHECK(start.plus_seconds(2.25).seconds_since(start) == doctest::Approx(2.25));
}

TEST_CASE("base/function_ref: calls what it refers to") {
    int sum = 0;
    auto add = [&](int value) { sum += value; };
    const function_ref<void(int)> call(add);
    call(2);
    call(3);
    CHECK(sum == 5);
}

TEST_CASE("base/random: the same seed gives the same numbers, with unit variance") {
    random_source first(7);
    random_source second(7);
    double square = 0;
    for (int i = 0; i < 20000; ++i) {
        const double value = first.gaussian();
        CHECK(value == second.gaussian());
        square += value * value;
    }
    CHECK(square / 20000 == doctest::Approx(1.0).epsilon(0.03));
}
