/** The token of administration that the tests' own processes are started with. */
export const testAdminToken = 'token-of-the-tests-and-nobody-else'
