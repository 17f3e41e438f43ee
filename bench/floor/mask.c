/* Masking in place in C, for comparison. It answers lines such as
 *
 *     simd 1024 100000
 *
 * (kernel, bytes, calls) with the CPU time of all calls in nanoseconds, and ends
 * with its input. Kernels: simd, by intrinsics; plain, a loop that is left to the
 * compiler. Before anything else both are compared with masking byte by byte. */
#define _GNU_SOURCE
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef void kernel(unsigned char *p, size_t n, uint32_t key);

#if defined(__AVX512F__) && defined(__AVX512BW__)
static const char *simd_name = "AVX-512";

__attribute__((noinline)) static void simd(unsigned char *p, size_t n, uint32_t key)
{
	const __m512i k = _mm512_set1_epi32((int)key);
	for (; n >= 256; p += 256, n -= 256) {
		__m512i a = _mm512_loadu_si512(p), b = _mm512_loadu_si512(p + 64);
		__m512i c = _mm512_loadu_si512(p + 128), d = _mm512_loadu_si512(p + 192);
		_mm512_storeu_si512(p, _mm512_xor_si512(a, k));
		_mm512_storeu_si512(p + 64, _mm512_xor_si512(b, k));
		_mm512_storeu_si512(p + 128, _mm512_xor_si512(c, k));
		_mm512_storeu_si512(p + 192, _mm512_xor_si512(d, k));
	}
	for (; n >= 64; p += 64, n -= 64)
		_mm512_storeu_si512(p, _mm512_xor_si512(_mm512_loadu_si512(p), k));
	if (n > 0) {
		const __mmask64 m = _bzhi_u64(~0ull, (unsigned)n);
		_mm512_mask_storeu_epi8(p, m, _mm512_xor_si512(_mm512_maskz_loadu_epi8(m, p), k));
	}
}
#elif defined(__AVX2__)
static const char *simd_name = "AVX2";

__attribute__((noinline)) static void simd(unsigned char *p, size_t n, uint32_t key)
{
	const __m256i k = _mm256_set1_epi32((int)key);
	for (; n >= 128; p += 128, n -= 128) {
		__m256i *q = (__m256i *)p;
		__m256i a = _mm256_loadu_si256(q), b = _mm256_loadu_si256(q + 1);
		__m256i c = _mm256_loadu_si256(q + 2), d = _mm256_loadu_si256(q + 3);
		_mm256_storeu_si256(q, _mm256_xor_si256(a, k));
		_mm256_storeu_si256(q + 1, _mm256_xor_si256(b, k));
		_mm256_storeu_si256(q + 2, _mm256_xor_si256(c, k));
		_mm256_storeu_si256(q + 3, _mm256_xor_si256(d, k));
	}
	for (; n >= 32; p += 32, n -= 32)
		_mm256_storeu_si256((__m256i *)p, _mm256_xor_si256(_mm256_loadu_si256((__m256i *)p), k));
	for (; n >= 4; p += 4, n -= 4) {
		uint32_t v;
		memcpy(&v, p, 4);
		v ^= key;
		memcpy(p, &v, 4);
	}
	for (size_t i = 0; i < n; i++)
		p[i] ^= (unsigned char)(key >> 8 * i);
}
#else
#error "neither AVX-512 nor AVX2"
#endif

__attribute__((noinline)) static void plain(unsigned char *p, size_t n, uint32_t key)
{
	size_t i = 0;
	for (; i + 4 <= n; i += 4) {
		uint32_t v;
		memcpy(&v, p + i, 4);
		v ^= key;
		memcpy(p + i, &v, 4);
	}
	for (; i < n; i++)
		p[i] ^= (unsigned char)(key >> 8 * (i & 3));
}

static const size_t largest = 1 << 20;

static int right(kernel *f)
{
	static unsigned char got[1200];
	for (size_t n = 0; n < 1100; n++)
		for (size_t from = 0; from < 3; from++) {
			for (size_t i = 0; i < sizeof got; i++)
				got[i] = (unsigned char)(i * 7);
			f(got + from, n, 0x9A3C51E7);
			for (size_t i = 0; i < sizeof got; i++) {
				unsigned char want = (unsigned char)(i * 7);
				if (i >= from && i < from + n)
					want ^= (unsigned char)(0x9A3C51E7u >> 8 * ((i - from) & 3));
				if (got[i] != want)
					return 0;
			}
		}
	return 1;
}

static long long now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(void)
{
	unsigned char *p = aligned_alloc(4096, largest);
	char name[16];
	size_t n;
	long calls;
	if (!p || !right(simd) || !right(plain)) {
		puts("wrong");
		return 1;
	}
	memset(p, 'x', largest);
	puts(simd_name);
	fflush(stdout);
	while (scanf("%15s %zu %ld", name, &n, &calls) == 3 && n <= largest) {
		kernel *f = strcmp(name, "simd") == 0 ? simd : plain;
		long long start = now();
		for (long i = 0; i < calls; i++) {
			f(p, n, 0x9A3C51E7);
			__asm__ volatile("" ::: "memory");
		}
		printf("%lld\n", now() - start);
		fflush(stdout);
	}
	return 0;
}
