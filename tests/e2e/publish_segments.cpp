// SPDX-License-Identifier: MIT
// Publishes segments of a seed, for tests; or publishes as many octets with the C client alone.
// usage: publish_segments URLS STREAM SEGMENTS OCTETS [create] [plain] [rate=N] [order] [twice]
// [timeout=MS] [folder=DIR: as many of the files there, in the order of their names]
#include "crypto/sha256.h"
#include "crypto/start.h"
#include "delivery/publisher/plain_publisher.h"
#include "delivery/publisher/publisher.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace pub = landfall::delivery::publisher;

namespace {

struct arguments {
    std::vector<std::string> urls;
    std::string stream;
    std::uint64_t segments = 0;
    std::size_t octets = 0;
    std::set<std::string> words;
    std::uint64_t rate = 0;
    std::int64_t timeout_ms = 5000;
    std::vector<std::filesystem::path> files;

    [[nodiscard]] bool has(const char* word) const { return words.contains(word); }
};

std::int64_t now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

std::vector<std::uint8_t> content_of(std::uint64_t id, std::size_t octets) {
    std::vector<std::uint8_t> content(octets);
    std::uint64_t state = id + 1;
    for (std::uint8_t& octet : content) {
        state = state * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
        octet = static_cast<std::uint8_t>(state >> 56U);
    }
    return content;
}

std::vector<std::uint8_t> content_of(const arguments& given, std::uint64_t id) {
    if (given.files.empty()) {
        return content_of(id, given.octets);
    }
    std::ifstream file(given.files[id], std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string digest_of(const std::vector<std::uint8_t>& content) {
    return landfall::crypto::sha256_text(
        {reinterpret_cast<const char*>(content.data()), content.size()});
}

void report(const char* what, std::uint64_t octets, std::int64_t begun) {
    const double seconds = static_cast<double>(now_ns() - begun) / 1e9;
    std::printf("%s %.0f octets/s\n", what, static_cast<double>(octets) / seconds);
}

/// What the library does by itself: asynchronous publishing, as many in flight.
int plain(const arguments& given) {
    pub::plain_publisher publisher(given.urls.front(), 16);
    if (!publisher.connected()) {
        return 1;
    }
    const auto content = content_of(given.segments, given.octets);
    const std::int64_t begun = now_ns();
    for (std::uint64_t i = 0; i < given.segments; ++i) {
        if (!publisher.publish(given.stream + ".plain", std::to_string(now_ns()), content)) {
            return 1;
        }
    }
    const bool good = publisher.complete();
    report("plain", given.segments * given.octets, begun);
    return good ? 0 : 1;
}

pub::segment segment_of(const arguments& given, std::uint64_t id,
                        const std::vector<std::uint8_t>& content) {
    pub::segment what;
    what.id = id;
    what.priority = given.has("order") ? static_cast<int>(id % 3) : 0;
    what.since =
        given.has("order") ? -static_cast<std::int64_t>(id) : static_cast<std::int64_t>(id);
    what.octets = content.size();
    what.subject = given.stream + ".weather";
    what.digest = given.has("same") ? std::to_string(now_ns()) : digest_of(content);
    what.gateway = "station-1";
    what.tenant = "weather";
    what.contact = "contact-" + std::to_string(id);
    what.carrier = "noaa20";
    what.channels = "1,6,16";
    what.first = "2026-11-24T12:00:00.000000000Z";
    if (!given.files.empty()) {
        const std::string second = std::to_string(100 + id % 60);
        what.first.replace(17, 2, second, 1, 2);
    }
    what.last = "2026-11-24T12:00:02.000000000Z";
    what.frames = id + 1;
    return what;
}

int publish(const arguments& given) {
    pub::publisher_config config;
    config.urls = given.urls;
    config.stream = given.stream;
    config.subjects = {given.stream + ".>"};
    config.create_stream = given.has("create");
    config.rate_octets_per_s = given.rate;
    config.acknowledge_within_ms = given.timeout_ms;
    config.most_backoff_ms = 1000;
    std::uint64_t left = given.segments;
    const bool same = given.has("same"); // for the figure: the content is made once
    const auto shared = content_of(given.segments, given.octets);
    pub::publisher publisher(
        config,
        [&](const pub::segment& what, std::vector<std::uint8_t>& content) {
            if (same) {
                content.assign(shared.begin(), shared.end());
            } else {
                content = content_of(given, what.id);
            }
            return true;
        },
        [&](const pub::segment& what, pub::outcome outcome) {
            --left;
            if (!same) {
                std::printf("%s %llu\n", pub::name(outcome),
                            static_cast<unsigned long long>(what.id));
                std::fflush(stdout);
            }
        });
    if (const auto started = publisher.start(); !started) {
        std::fprintf(stderr, "publish_segments: %s\n", started.error().c_str());
        return 1;
    }
    const std::int64_t begun = now_ns();
    std::uint64_t offered = 0;
    std::uint64_t told = 0;
    while (left > 0) {
        for (; offered < given.segments; ++offered) {
            auto what = same ? segment_of(given, offered, shared)
                             : segment_of(given, offered, content_of(given, offered));
            if (!publisher.offer(what)) {
                break;
            }
        }
        publisher.poll(now_ns());
        const auto numbers = publisher.numbers();
        if (numbers.troubles[0] + numbers.troubles[1] + numbers.troubles[2] + numbers.troubles[3] !=
            told) {
            told = numbers.troubles[0] + numbers.troubles[1] + numbers.troubles[2] +
                   numbers.troubles[3];
            std::printf("trouble disconnected %llu timeout %llu no_stream %llu refused %llu\n",
                        static_cast<unsigned long long>(numbers.troubles[0]),
                        static_cast<unsigned long long>(numbers.troubles[1]),
                        static_cast<unsigned long long>(numbers.troubles[2]),
                        static_cast<unsigned long long>(numbers.troubles[3]));
            std::fflush(stdout);
        }
        std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    report("publisher", given.segments * given.octets, begun);
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 5 || !landfall::crypto::start()) {
        return 2;
    }
    arguments given;
    std::string urls = argv[1];
    for (std::size_t comma = 0; comma != std::string::npos; urls.erase(0, comma + 1)) {
        comma = urls.find(',');
        given.urls.push_back(urls.substr(0, comma));
        if (comma == std::string::npos) {
            break;
        }
    }
    given.stream = argv[2];
    given.segments = std::strtoull(argv[3], nullptr, 10);
    given.octets = std::strtoull(argv[4], nullptr, 10);
    for (int i = 5; i < argc; ++i) {
        const std::string word = argv[i];
        given.words.insert(word);
        if (word.starts_with("folder=")) {
            const std::filesystem::directory_iterator all(argv[i] + 7);
            given.files.assign(begin(all), end(all));
            std::ranges::sort(given.files);
            given.segments = given.files.size();
        }
        given.rate =
            word.starts_with("rate=") ? std::strtoull(argv[i] + 5, nullptr, 10) : given.rate;
        given.timeout_ms = word.starts_with("timeout=") ? std::strtoll(argv[i] + 8, nullptr, 10)
                                                        : given.timeout_ms;
    }
    return given.has("plain") ? plain(given) : publish(given);
}
